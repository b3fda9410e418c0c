# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Programs that obey the contract in README.md: started, told what to do, and listened to.

A Peer is a process, a Node is one node in it, a Host hands out nodes of one implementation and ends them.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("GHMESH_BUILD", ROOT / "build" / "dev"))
INTEROP = ROOT / "build" / "interop"  # where tools/setup-interop puts go, rust and py

# A command gives up by itself after 20 seconds, a transfer after 60 (README.md); a busy machine may add to that.
ANSWER_SECONDS = 90
EVENT_SECONDS = 30
CRASH_WORDS = ("check failed", "Sanitizer", "runtime error:", "terminate called", "panicked at", "panic: ")


class Implementation(NamedTuple):
    name: str
    command: list
    hosts_many: bool = True      # several nodes in one process
    inlines_muxers: bool = True  # can agree on the muxer within Noise
    tells_inlined: bool = True   # and says whether it did
    signs_records: bool = True   # signs its peer record, and verifies others', as go and js do
    gossipsub: tuple = ("1.1", "1.2")

    @property
    def is_built(self):
        return all(pathlib.Path(part).exists() for part in self.command if str(part).startswith("/"))


IMPLEMENTATIONS = {
    implementation.name: implementation for implementation in (
        Implementation("ghmesh", [BUILD / "apps" / "ghmesh-p2p-peer"]),
        Implementation("js", ["node", HERE / "js" / "peer.mjs"]),
        Implementation("go", [INTEROP / "go" / "ghmesh-interop-go"]),
        Implementation("rust", [INTEROP / "rust" / "release" / "ghmesh-interop-rust"],
                       inlines_muxers=False, tells_inlined=False, signs_records=False),
        Implementation("py", [INTEROP / "py" / "bin" / "python", HERE / "py" / "peer.py"],
                       inlines_muxers=False, tells_inlined=False),
    )
}


class Refused(Exception):
    """The peer answered with an error: its text."""


class Peer:
    """A process that hosts nodes. A thread reads its lines; answers and events are kept until somebody asks."""

    def __init__(self, implementation):
        self.implementation = implementation
        self.log = tempfile.NamedTemporaryFile(prefix=f"ghmesh-{implementation.name}-", suffix=".log")
        self.child = subprocess.Popen([str(part) for part in implementation.command], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1)
        self.changed = threading.Condition()
        self.answers = {}
        self.events = {}  # by node
        self.has_ended = False
        self.last_id = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for text in self.child.stdout:
            line = json.loads(text)
            with self.changed:
                if "event" in line:
                    self.events.setdefault(line.get("node", ""), []).append(line)
                else:
                    self.answers[line["id"]] = line
                self.changed.notify_all()
        with self.changed:
            self.has_ended = True
            self.changed.notify_all()

    def send(self, verb, node, fields):
        """Sends a command; `answer` waits for what comes of it. So commands can overlap."""
        with self.changed:
            self.last_id += 1
            number = self.last_id
            self.child.stdin.write(json.dumps({"id": number, "do": verb, "node": node, **fields}) + "\n")
            self.child.stdin.flush()
        return number

    def answer(self, number, verb):
        line = self._wait(lambda: self.answers.pop(number, None), ANSWER_SECONDS, f"no answer to '{verb}'")
        if "error" in line:
            raise Refused(f"{self.implementation.name}: {verb}: {line['error']}")
        return line

    def _wait(self, look, seconds, what):
        deadline = time.monotonic() + seconds
        with self.changed:
            while (found := look()) is None:
                if self.has_ended or not self.changed.wait(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(f"{self.implementation.name}: {what}\n{self.log_text()[-4000:]}")
            return found

    def log_text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def stop(self):
        try:
            self.child.stdin.close()
        except BrokenPipeError:
            pass  # it has ended already: its status tells
        try:
            status = self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            status = self.child.wait()
        self.reader.join()
        self.child.stdout.close()
        text = self.log_text()
        self.log.close()
        assert status == 0 and not any(word in text for word in CRASH_WORDS), \
            f"{self.implementation.name} ended with {status}\n{text[-4000:]}"


class Node:
    """One node of a peer. Events are kept from the start, so a test cannot come too late to see one."""

    def __init__(self, peer, name, options):
        self.peer = peer
        self.name = name
        started = self.do("start", **options)
        self.id, self.address, self.agent = started["peer"], started["address"], started["agent"]

    @property
    def implementation(self):
        return self.peer.implementation

    def do(self, verb, **fields):
        return self.peer.answer(self.peer.send(verb, self.name, fields), verb)

    def begin(self, verb, **fields):
        """Sends the command at once; the function that this returns waits for its answer."""
        number = self.peer.send(verb, self.name, fields)
        return lambda: self.peer.answer(number, verb)

    def seen(self, event, **fields):
        """The events so far of this kind, with these fields."""
        with self.peer.changed:
            return self._matching(event, fields)

    def _matching(self, event, fields):
        return [line for line in self.peer.events.get(self.name, ())
                if line["event"] == event and all(line.get(name) == value for name, value in fields.items())]

    def wait(self, event, count=1, accept=lambda line: True, **fields):
        """The last of the first `count` such events."""
        def look():
            found = [line for line in self._matching(event, fields) if accept(line)]
            return found[count - 1] if len(found) >= count else None
        return self.peer._wait(look, EVENT_SECONDS, f"{count} '{event}' of {fields} did not come to node '{self.name}'")

    def dial(self, other):
        answer = self.do("dial", address=other.address)
        assert answer["peer"] == other.id
        return self.wait("connected", peer=other.id), other.wait("connected", peer=self.id)

    def until(self, holds, verb, **fields):
        """Asks until the answer is as it should be: for what no event tells."""
        deadline = time.monotonic() + EVENT_SECONDS
        while not holds(answer := self.do(verb, **fields)):
            assert time.monotonic() < deadline, f"{self.implementation.name}: '{verb}' still answers {answer}"
            time.sleep(0.05)
        return answer


class Host:
    """Nodes of one implementation: all in one process if it can host many, else a process for each."""

    def __init__(self, implementation):
        self.implementation = implementation
        self.peers = []
        self.nodes = []
        self.count = 0

    def node(self, **options):
        if not self.peers or self.peers[-1].has_ended or not self.implementation.hosts_many:
            self.peers.append(Peer(self.implementation))
        self.count += 1
        name = f"n{self.count}" if self.implementation.hosts_many else ""
        node = Node(self.peers[-1], name, options)
        self.nodes.append(node)
        return node

    def release(self):
        """Ends the nodes; a process that can host many stays for the next test."""
        if not self.implementation.hosts_many:
            self.stop()
            return
        nodes, self.nodes = self.nodes, []
        for answer in [node.begin("stop") for node in nodes if not node.peer.has_ended]:
            answer()
        for peer in self.peers:
            peer.events.clear()

    def stop(self):
        peers, self.peers, self.nodes = self.peers, [], []
        for peer in peers:
            peer.stop()
