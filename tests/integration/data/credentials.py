#!/usr/bin/env python3
"""Credentials as EC2 instances, ECS tasks and STS give them, from a loopback port.

credentials.py FOLDER: the port is written to FOLDER/port, a line "METHOD PATH STATUS" a request to
FOLDER/log. What is answered stands in FOLDER/keys: a line "ACCESS SECRET TOKEN SECONDS". Where there
is a file FOLDER/fail, it holds the status that all requests get; FOLDER/fail-once, one of them;
FOLDER/fail-later, all but the first. The word "reset" in place of a status resets the connection.
"""

import json
import os
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = sys.argv[1]
lock = threading.Lock()
STS = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>
<SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""
DENIED = """<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>"""


def failure():
    with lock:
        for name in ("fail-once", "fail"):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                with open(path) as file:
                    status = file.read().strip()
                if name == "fail-once":
                    os.remove(path)
                return status
        path = os.path.join(folder, "fail-later")
        if os.path.exists(path):
            os.rename(path, os.path.join(folder, "fail"))
    return None


class Handler(BaseHTTPRequestHandler):
    def keys(self):
        with open(os.path.join(folder, "keys")) as file:
            access, secret, token, seconds = file.read().split()
        token = "" if token == "-" else token
        return access, secret, token, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + int(seconds)))

    def as_json(self):
        names = ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")
        return json.dumps({"Code": "Success", **dict(zip(names, self.keys()))})

    def work(self):
        """Status and body of the answer."""
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        token = self.headers.get("X-aws-ec2-metadata-token")
        roles = "/latest/meta-data/iam/security-credentials/"
        if status := failure():
            return status, DENIED if self.path == "/sts" else ""
        if (self.command, self.path) == ("PUT", "/latest/api/token"):
            return (200, "imds-token") if self.headers.get("X-aws-ec2-metadata-token-ttl-seconds") else (400, "")
        if self.path.startswith(roles):
            if token != "imds-token":
                return 401, ""
            return {roles: (200, "the-role"), roles + "the-role": (200, self.as_json())}.get(self.path, (404, ""))
        if self.path == "/container":
            return (200, self.as_json()) if self.headers.get("Authorization") == "container-token" else (403, "")
        if (self.command, self.path) == ("POST", "/sts"):
            wanted = ("Action=AssumeRoleWithWebIdentity", "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fark",
                      "WebIdentityToken=web-token", "RoleSessionName=ark")
            return (200, STS.format(*self.keys())) if set(wanted) <= set(body.split("&")) else (400, DENIED)
        return 404, ""

    def answer(self):
        status, body = self.work()
        with lock, open(os.path.join(folder, "log"), "a") as file:
            file.write(f"{self.command} {self.path} {status}\n")
        if status == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        self.send_response(int(status))
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *words):
        pass

    def finish(self):
        try:
            super().finish()
        except (OSError, ValueError):
            pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "port.new"), "w") as file:
    file.write(str(server.server_address[1]))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
