# SPDX-License-Identifier: MIT
"""Plays AWS on a loopback port: Secrets Manager, STS, and the two services
that give credentials to containers and instances.

    python3 aws-server.py FOLDER

writes its port to FOLDER/port. What is asked for are GetSecretValue,
AssumeRoleWithWebIdentity, token, roles, role and container. The n-th request
for X gets the n-th line of FOLDER/X, the last one stays: JSON with status,
body (text, or what is sent as JSON), headers, and silence, which says nothing.
Each request is a line of FOLDER/requests.

A request whose signature is not what the secret in FOLDER/keys (JSON, by the
id of the access key) makes of it is refused, as is one with a header twice.
"""
import hashlib
import hmac
import http.server
import json
import os
import re
import sys
import threading
import urllib.parse

folder = sys.argv[1]
asked = {}
lock = threading.Lock()
stop = threading.Event()


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(handler, body, secret):
    """That of a request as it came: AWS' Signature Version 4."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\S+), ?"
        r"SignedHeaders=(\S+), ?Signature=([0-9a-f]{64})",
        handler.headers["Authorization"] or "")
    scope, names = found[2], found[3]
    lines = ["%s:%s" % (name, " ".join(handler.headers[name].split()))
             for name in names.split(";")]
    path = urllib.parse.urlsplit(handler.path).path
    canonical = "\n".join([handler.command, path, "", *lines, "", names,
                           hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["X-Amz-Date"],
                      scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = sign(key, part)
    return names, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def wrong_signature(handler, body):
    value = handler.headers["Authorization"] or ""
    with open(os.path.join(folder, "keys")) as file:
        keys = json.load(file)
    id = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", value)
    if len({name.lower() for name in handler.headers.keys()}) < len(handler.headers.keys()):
        return "DuplicateHeader"
    if id is None or id[1] not in keys:
        return "UnrecognizedClientException"
    names, wanted = signature(handler, body, keys[id[1]])
    must = {"content-type", "host", "x-amz-date", "x-amz-target"}
    if "X-Amz-Security-Token" in handler.headers:
        must.add("x-amz-security-token")
    if not must <= set(names.split(";")) or not value.endswith(wanted):
        return "InvalidSignatureException"
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def what(self, body):
        path = urllib.parse.urlsplit(self.path).path
        if "X-Amz-Target" in self.headers:
            return self.headers["X-Amz-Target"].split(".")[1]
        if body.startswith(b"Action="):
            return body.split(b"&")[0][7:].decode()
        if path == "/latest/api/token":
            return "token"
        if path == "/latest/meta-data/iam/security-credentials/":
            return "roles"
        if path.startswith("/latest/meta-data/iam/security-credentials/"):
            return "role"
        return "container"

    def reply(self, what, body):
        wrong = wrong_signature(self, body) if what == "GetSecretValue" \
            else None
        with lock:
            asked[what] = asked.get(what, 0) + 1
            with open(os.path.join(folder, "requests"), "a") as file:
                file.write(json.dumps({
                    "what": what, "method": self.command, "path": self.path,
                    "headers": {name.lower(): value for name, value
                                in self.headers.items()},
                    "body": body.decode()}) + "\n")
            with open(os.path.join(folder, what)) as file:
                replies = file.read().splitlines()
        if wrong:
            return {"status": 400, "body": {"__type": wrong, "message":
                "The signature does not match.\n\nThe Canonical String "
                "should have been\n'" + str(self.headers) + "'"}}
        return json.loads(replies[min(asked[what], len(replies)) - 1])

    def do_POST(self):
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        reply = self.reply(self.what(body), body)
        if reply.get("silence"):
            stop.wait()
        text = reply.get("body", "")
        if not isinstance(text, str):
            text = json.dumps(text)
        self.send_response(reply.get("status", 200))
        for name, value in reply.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_CONNECT(self):
        with lock, open(os.path.join(folder, "requests"), "a") as file:
            file.write(json.dumps({"path": self.path}) + "\n")
        self.send_error(403)

    do_GET = do_PUT = do_POST


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(os.path.join(folder, "port.new"), "w") as file:
    file.write("%d\n" % server.server_port)
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
