# SPDX-License-Identifier: MIT
"""agent.py udp|PATH: what an Agent hears, a JSON string a datagram.

The first line is {"address": ...}, when it listens.
"""
import json
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
print(json.dumps({"address": address}), flush=True)
while True:
    print(json.dumps(agent.recv(65536).decode()), flush=True)
