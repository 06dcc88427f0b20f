#!/usr/bin/env python3
"""The server of tests/cluster/proxy; usage and the rules' meaning stand there."""

import argparse
import fcntl
import os
import re
import select
import socket
import ssl
import struct
import termios
import threading
import time
from urllib.parse import urlsplit

HEAD_MAX = 1 << 20
OWN_PATH = "/-proxy-/"


class Closed(Exception):
    """A peer went away."""


class Stream:
    """A socket with what was read too much."""

    def __init__(self, sock):
        self.sock = sock
        self.rest = b""

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        return data

    def head(self):
        """The start line and headers, with the empty line."""
        while b"\r\n\r\n" not in self.rest:
            if len(self.rest) > HEAD_MAX:
                raise Closed
            self.rest += self.more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        return head.decode("latin-1")

    def some(self, limit):
        if not self.rest:
            self.rest = self.more()
        data, self.rest = self.rest[:limit], self.rest[limit:]
        return data

    def line(self):
        while b"\n" not in self.rest:
            self.rest += self.more()
        line, self.rest = self.rest.split(b"\n", 1)
        return line + b"\n"

    def exactly(self, count):
        while count > 0:
            data = self.some(count)
            count -= len(data)
            yield data

    def chunked(self):
        """The pieces of a chunked body as they stand on the wire."""
        while True:
            size = self.line()
            yield size
            count = int(size.split(b";")[0], 16)
            if count == 0:
                break
            yield from self.exactly(count + 2)
        line = None
        while line != b"\r\n":
            line = self.line()
            yield line

    def to_the_end(self):
        while True:
            try:
                yield self.some(65536)
            except Closed:
                return

    def reset(self):
        """Closes so that the peer sees a reset; another thread may be reading."""
        try:
            self.sock.shutdown(socket.SHUT_RD)
        except OSError:
            pass
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Head:
    def __init__(self, text):
        self.start, *self.lines = text.split("\r\n")

    def get(self, name):
        for line in self.lines:
            key, _, value = line.partition(":")
            if key.strip().lower() == name.lower():
                return value.strip()
        return None

    def set(self, name, value):
        self.lines = [line for line in self.lines if line.partition(":")[0].strip().lower() != name.lower()]
        self.lines.append(f"{name}: {value}")

    def bytes(self):
        return "\r\n".join([self.start, *self.lines, "", ""]).encode("latin-1")

    def body(self, stream, until_close):
        """The pieces of the body that follows, as they stand on the wire."""
        if "chunked" in (self.get("transfer-encoding") or "").lower():
            return stream.chunked()
        length = self.get("content-length")
        if length is not None:
            return stream.exactly(int(length))
        return stream.to_the_end() if until_close else iter(())


class Rule:
    ACTIONS = (
        *("status", "reset", "lost", "cut", "truncate", "stall", "drip", "flip"),
        *("upload-cut", "upload-stall", "upload-flip", "delay", "hold", "header", "answer"),
    )

    def __init__(self, words):
        method, pattern, *settings = words
        self.method, self.pattern = method, re.compile(pattern)
        pairs = dict(word.partition("=")[::2] for word in settings)
        self.times, self.after = int(pairs.pop("times", -1)), int(pairs.pop("after", 0))
        self.cond = pairs.pop("cond", None)
        self.pairs = pairs
        if not set(pairs) <= {*self.ACTIONS, "body", "retry-after"} or not set(pairs) & set(self.ACTIONS):
            raise ValueError(f"unknown action in {words}")

    def matches(self, method, path, head):
        if self.method not in ("*", method) or not self.pattern.search(path) or self.times == 0:
            return False
        if self.cond:
            name, _, value = self.cond.partition(":")
            if value not in (head.get(name) or ""):
                return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True


class Proxy:
    def __init__(self, options):
        url = urlsplit(options.to)
        self.address = (url.hostname, url.port or (443 if url.scheme == "https" else 80))
        self.tls = None
        if url.scheme == "https":
            self.tls = ssl.create_default_context(cafile=options.ca)
            if not options.ca:
                self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
            if options.cert:
                self.tls.load_cert_chain(options.cert, options.key)
        self.lock = threading.Lock()
        self.rules, self.log = [], []

    def connect(self):
        sock = socket.create_connection(self.address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Stream(self.tls.wrap_socket(sock, server_hostname=self.address[0]) if self.tls else sock)

    def choose(self, method, path, head):
        with self.lock:
            return next((rule.pairs for rule in self.rules if rule.matches(method, path, head)), {})

    def note(self, method, path, status, fault):
        words = [method, path, str(status)]
        if fault:
            words.append(",".join(f"{key}={value}" if value else key for key, value in fault.items()))
        with self.lock:
            self.log.append(" ".join(words))

    def own(self, client, head, path):
        """A request to the proxy itself."""
        body = b"".join(head.body(client, False)).decode()
        answer, status = "", "200 OK"
        with self.lock:
            if path == OWN_PATH + "clear":
                self.rules, self.log = [], []
            elif path == OWN_PATH + "log":
                answer = "".join(line + "\n" for line in self.log)
            else:
                try:
                    self.rules.append(Rule(body.split("\n")))
                except (ValueError, re.error) as error:
                    answer, status = f"{error}\n", "400 Bad Request"
        send_answer(client, status, answer.encode())

    def serve(self, sock):
        client, server = Stream(sock), None
        try:
            while True:
                head = Head(client.head())
                method, path, _ = head.start.split(" ", 2)
                if path.startswith(OWN_PATH):
                    self.own(client, head, path)
                    continue
                if method == "CONNECT":
                    self.connect_through(client, path)
                    raise Closed
                fault = self.choose(method, path, head)
                if set(fault) & {"reset", "upload-cut", "upload-stall", "status"}:
                    self.note(method, path, fault.get("status", 0), fault)
                if refuse(client, head, fault):
                    continue
                server = server or self.connect()
                self.relay(client, server, head, fault)
        except (Closed, OSError, ValueError):
            pass
        finally:
            client.sock.close()
            if server:
                server.sock.close()

    def connect_through(self, client, path):
        """As a forward proxy: bytes to any host and back."""
        host, _, port = path.rpartition(":")
        server = Stream(socket.create_connection((host.strip("[]"), int(port))))
        self.note("CONNECT", path, 200, {})
        client.sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        try:
            tunnel(client, server)
        finally:
            server.sock.close()

    def relay(self, client, server, head, fault):
        """One request to the server and its answer back."""
        method, path, _ = head.start.split(" ", 2)
        if "header" in fault:
            head.set(*fault["header"].split(":", 1))
        server.sock.sendall(head.bytes())
        for data in flipped(head.body(client, False), fault.get("upload-flip")):
            server.sock.sendall(data)
        answer = Head(server.head())
        while answer.start.split(" ")[1] == "100":
            answer = Head(server.head())
        status = int(answer.start.split(" ")[1])
        self.note(method, path, 0 if "lost" in fault else status, fault)
        if "lost" in fault:
            client.reset()
            raise Closed
        client.sock.sendall(altered(answer, fault).bytes())
        if status == 101:
            tunnel(client, server, fault)
            raise Closed
        if method == "HEAD" or status in (204, 304):
            return
        hand_on(client, flipped(answer.body(server, True), fault.get("flip")), fault)
        if answer.get("content-length") is None and not answer.get("transfer-encoding"):
            raise Closed
        if "close" in (answer.get("connection") or "").lower():
            raise Closed


def send_answer(client, status, body, lines=()):
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *lines, "", ""]
    client.sock.sendall("\r\n".join(head).encode() + body)


def flipped(pieces, position):
    """The pieces, with the byte at that position (None: no byte) inverted."""
    left = -1 if position is None else int(position)
    for data in pieces:
        if 0 <= left < len(data):
            data = data[:left] + bytes([data[left] ^ 0xFF]) + data[left + 1 :]
        left -= len(data)
        yield data


def altered(answer, fault):
    """The answer's head with the fault's header in it, or without the header where it has no value."""
    if "answer" not in fault:
        return answer
    name, value = fault["answer"].split(":", 1)
    copy = Head(answer.start)
    copy.lines = list(answer.lines)
    copy.set(name, value)
    if not value:
        copy.lines.pop()
    return copy


def wait_for_end(client):
    try:
        while True:
            client.more()
    except (Closed, OSError):
        pass


def refuse(client, head, fault):
    """Faults that need no server; true where the request is answered."""
    if "delay" in fault:
        time.sleep(float(fault["delay"]))
    if "hold" in fault:
        open(fault["hold"] + ".held", "ab").close()
    while "hold" in fault and not os.path.exists(fault["hold"]):
        time.sleep(0.02)
    if "reset" in fault:
        client.reset()
        return True
    if "upload-cut" in fault or "upload-stall" in fault:
        stalls = "upload-stall" in fault
        left = int(fault["upload-stall" if stalls else "upload-cut"])
        for data in head.body(client, False):
            left -= len(data)
            if left <= 0:
                break
        if stalls:
            while not hung_up(client.sock):
                time.sleep(0.1)
        client.reset()
        return True
    if "status" not in fault:
        return False
    for _ in head.body(client, False):
        pass
    body = b""
    if "body" in fault:
        with open(fault["body"], "rb") as file:
            body = file.read()
    kind = "application/xml" if body.startswith(b"<") else "application/json"
    lines = [f"content-type: {kind}"]
    if "retry-after" in fault:
        lines.append(f"retry-after: {fault['retry-after']}")
    if head.start.startswith("HEAD "):
        body = b""
    send_answer(client, f"{fault['status']} Injected", body, lines)
    return True


def hand_on(client, pieces, fault):
    """The answer's body, or as much of it as the fault leaves."""
    if "drip" in fault:
        pieces = drops(pieces, int(fault["drip"]))
    ways = [way for way in ("cut", "truncate", "stall") if way in fault]
    left = int(fault[ways[0]]) if ways else None
    for data in pieces:
        if left is not None and len(data) >= left:
            client.sock.sendall(data[:left])
            break
        client.sock.sendall(data)
        if left is not None:
            left -= len(data)
    else:
        return
    if ways == ["cut"]:
        # What is still in the buffers must reach the client before the reset throws it away.
        deadline = time.monotonic() + 2
        while unsent(client.sock) and time.monotonic() < deadline:
            time.sleep(0.01)
        client.reset()
    elif ways == ["stall"]:
        wait_for_end(client)
    raise Closed


def drops(pieces, rate):
    """The pieces at so many bytes a second."""
    for data in pieces:
        for start in range(0, len(data), max(1, rate // 10)):
            time.sleep(0.1)
            yield data[start : start + max(1, rate // 10)]


def unsent(sock):
    """Bytes that the client has not acknowledged yet."""
    return struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]


def hung_up(sock):
    """Whether the peer closed, without reading what it sent."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))


def tunnel(client, server, fault=None):
    """Bytes both ways; the fault is for those to the client."""

    def shut():
        for stream in (client, server):
            try:
                stream.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def hand_back():
        try:
            hand_on(client, server.to_the_end(), fault or {})
        except (Closed, OSError):
            pass
        shut()

    back = threading.Thread(target=hand_back, daemon=True)
    back.start()
    try:
        while True:
            server.sock.sendall(client.some(65536))
    except (Closed, OSError):
        shut()
    back.join()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--ca")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--receive-buffer", type=int, default=0)
    options = parser.parse_args()
    proxy = Proxy(options)
    listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
    if options.receive_buffer:  # connections have it from the first byte on
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.receive_buffer)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=proxy.serve, args=(sock,), daemon=True).start()


if __name__ == "__main__":
    main()
