# SPDX-License-Identifier: MIT
"""agent.py udp|PATH: what an Agent hears, a JSON string a datagram.

The first line is {"address": ...}, when it listens. SIGTERM ends it when all
that has come is written.
"""
import json
import select
import signal
import socket
import sys

if sys.argv[1] == "udp":
    agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    agent.bind(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % agent.getsockname()[1]
else:
    agent = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    agent.bind(sys.argv[1])
    address = "unix://" + sys.argv[1]
ended, end = socket.socketpair()
signal.signal(signal.SIGTERM, lambda number, frame: end.send(b"."))
print(json.dumps({"address": address}), flush=True)
while True:
    ready = select.select([agent, ended], [], [])[0]
    if agent in ready:
        print(json.dumps(agent.recv(65536).decode()), flush=True)
    else:
        break
