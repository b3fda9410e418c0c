# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Load, and what it cost: wrk over TCP; over a unix socket, which wrk cannot, a small client of our own."""

import os
import re
import selectors
import socket
import statistics
import subprocess
import time

from servers import FIELDS, LOAD_CORE

UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}
BUFFER_BYTES = 1 << 20


class Sample:
    """One run against one server."""

    def __init__(self, rate, p50_us, p99_us, cpu_us):
        self.rate, self.p50_us, self.p99_us, self.cpu_us = rate, p50_us, p99_us, cpu_us


def median_sample(samples):
    return Sample(*(statistics.median(getattr(sample, name) for sample in samples)
                    for name in ("rate", "p50_us", "p99_us", "cpu_us")))


def latency_us(text, percent):
    value, unit = re.search(rf"^ +{percent}% +([0-9.]+)(us|ms|s)$", text, re.M).groups()
    return float(value) * UNITS[unit]


def run_wrk(server, port, path, connections, seconds):
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "--threads", "1", "--connections", str(connections),
               "--duration", f"{seconds}s", "--latency"]
    if len(os.sched_getaffinity(0)) == 1:
        command = command[3:]
    for name, value in FIELDS.items():
        command += ["-H", f"{name}: {value}"]
    before = server.cpu_seconds()
    done = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True)
    spent = server.cpu_seconds() - before
    text = done.stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{server.name} at {connections} connections failed:\n{text}")
    requests_count = int(re.search(r"(\d+) requests in", text).group(1))
    rate = float(re.search(r"Requests/sec: +([0-9.]+)", text).group(1))
    return Sample(rate, latency_us(text, 50), latency_us(text, 99), spent / requests_count * 1e6)


def request_text(path, host="api.github.com"):
    fields = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host, **FIELDS}.items())
    return f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode()


class UnixClient:
    """Closed-loop connections to one unix socket: each asks again when its answer is complete."""

    def __init__(self, path, connections):
        self.selector = selectors.EpollSelector()
        self.buffer = bytearray(BUFFER_BYTES)
        self.sockets = []
        for _ in range(connections):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.connect(str(path))
            self.sockets.append(client)

    def close(self):
        for client in self.sockets:
            client.close()
        self.selector.close()

    def receive(self, client):
        """A whole answer's status line and its bytes. Its first part must hold the head."""
        count = client.recv_into(self.buffer)
        end = self.buffer.find(b"\r\n\r\n", 0, count)
        if end < 0:
            raise RuntimeError("the server has closed, or its head came in parts")
        head = bytes(self.buffer[:end]).lower()
        body_bytes = int(re.search(rb"\r\ncontent-length: (\d+)", head).group(1))
        missing = end + 4 + body_bytes - count
        while missing > 0:
            missing -= client.recv_into(self.buffer, missing)
        return head

    def ask_all(self, paths):
        """Asks for each path once, and checks that each is answered with 200."""
        paths = iter(paths)
        active = 0
        for client in self.sockets:
            path = next(paths, None)
            if path is not None:
                client.sendall(request_text(path))
                self.selector.register(client, selectors.EVENT_READ)
                active += 1
        while active:
            for key, _ in self.selector.select():
                head = self.receive(key.fileobj)
                if not head.startswith(b"http/1.1 200"):
                    raise RuntimeError(head.decode())
                path = next(paths, None)
                if path is not None:
                    key.fileobj.sendall(request_text(path))
                else:
                    self.selector.unregister(key.fileobj)
                    active -= 1


def run_unix(server, path, connections, seconds):
    """The client is slower than the server, so only the CPU that the server needs is of interest."""
    client = UnixClient(server.socket, connections)
    count = 0

    def paths_until(deadline):
        nonlocal count
        while time.monotonic() < deadline:
            count += 1
            yield path

    before, began = server.cpu_seconds(), time.monotonic()
    client.ask_all(paths_until(began + seconds))
    spent, taken = server.cpu_seconds() - before, time.monotonic() - began
    client.close()
    return Sample(count / taken, 0.0, 0.0, spent / count * 1e6)
