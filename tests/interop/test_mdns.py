# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Discovery on the local network, between ghmesh-mdns-peer and js-libp2p's @libp2p/mdns (js/mdns.mjs), both ways.

The local network is one of our own: two network namespaces and a cable between them, gone with the test. Without root
it is made inside a user namespace. Both programs print one JSON object a line and end with their standard input.
"""

import json
import os
import pathlib
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GHMESH_BUILD", ROOT / "build" / "dev"))
GHMESH = [BUILD / "apps" / "ghmesh-mdns-peer"]
JS = ["node", pathlib.Path(__file__).resolve().parent / "js" / "mdns.mjs"]

FOUND_SECONDS = 30  # a sanitized build and node start slowly on a busy machine
CRASH_WORDS = ("check failed", "Sanitizer", "runtime error:", "terminate called")


class Namespace:
    """A network namespace, held by a process that waits for its standard input to end."""

    def __init__(self, inside=()):
        become_root = [] if os.geteuid() == 0 or inside else ["--user", "--map-root-user"]
        self.holder = subprocess.Popen([*inside, "unshare", *become_root, "--net", "sh", "-c", "echo $$; cat"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.holder.stdout.readline()
        assert line, "a network namespace cannot be made here"
        self.pid = int(line)
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        self.enter = ["nsenter", "--target", str(self.pid), *user, "--net"]
        self.ip("link", "set", "lo", "up", "multicast", "on")

    def ip(self, *words):
        subprocess.run([*self.enter, "ip", *words], check=True)

    def join(self, number):
        """Uses its end of the cable. js sends along the default route, as programs do that name no interface."""
        self.ip("address", "add", f"10.77.0.{number}/24", "dev", "cable")
        self.ip("address", "add", f"fd77::{number}/64", "dev", "cable", "nodad")
        self.ip("link", "set", "cable", "up")
        self.ip("route", "add", "default", "dev", "cable")

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()


class Peer:
    """A program in a namespace; what it prints is kept."""

    def __init__(self, namespace, command, log):
        self.log_path = log
        with open(log, "ab") as stderr:
            self.child = subprocess.Popen([*namespace.enter, *map(str, command)], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, stderr=stderr, text=True)
        self.changed = threading.Condition()
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.id = self.wait("started")["peer"]

    def _read(self):
        for text in self.child.stdout:
            with self.changed:
                self.lines.append(json.loads(text))
                self.changed.notify_all()

    def seen(self, event, peer=None):
        with self.changed:
            return [line for line in self.lines if line["event"] == event and peer in (None, line["peer"])]

    def wait(self, event, peer=None, accept=lambda line: True):
        deadline = time.monotonic() + FOUND_SECONDS
        with self.changed:
            while True:
                for line in self.lines:
                    if line["event"] == event and peer in (None, line["peer"]) and accept(line):
                        return line
                rest = deadline - time.monotonic()
                assert rest > 0 and self.child.poll() is None, \
                    f"no '{event}' of {peer}\n{self.lines}\n{self.log_path.read_text()[-4000:]}"
                self.changed.wait(rest)

    def stop(self):
        self.child.stdin.close()
        status = self.child.wait(FOUND_SECONDS)
        self.reader.join()
        self.child.stdout.close()
        text = self.log_path.read_text()
        assert status == 0 and not any(word in text for word in CRASH_WORDS), f"ended with {status}\n{text[-4000:]}"


@pytest.fixture
def machines():
    """Two network namespaces that do not know each other yet."""
    ends = [Namespace()]
    ends.append(Namespace(ends[0].enter))
    yield ends
    for end in reversed(ends):
        end.close()


def lay_cable(machines):
    """10.77.0.1 and 10.77.0.2, fd77::1 and fd77::2."""
    machines[0].ip("link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", str(machines[1].pid))
    for number, machine in enumerate(machines, 1):
        machine.join(number)


@pytest.fixture
def cable(machines):
    lay_cable(machines)
    return machines


@pytest.fixture
def peers(tmp_path):
    """Starts peers; all that still run are ended, and looked at, when the test has."""
    started = []

    def start(namespace, command):
        started.append(Peer(namespace, command, tmp_path / f"{len(started)}.log"))
        return started[-1]

    yield start
    for peer in started:
        if peer.child.poll() is None:
            peer.stop()


def ghmesh(peers, namespace, *addresses, options=()):
    arguments = [word for address in addresses for word in ("--address", address)]
    return peers(namespace, [*GHMESH, *arguments, *options])


def js(peers, namespace, listen, *service):
    return peers(namespace, [*JS, listen, *service])


@pytest.mark.parametrize("first", ["ghmesh", "js"])
def test_ghmesh_and_js_find_each_other(cable, peers, first):
    """Whoever comes second is found by the first, and finds it."""
    def start(name):
        if name == "js":
            return js(peers, cable[0], "/ip4/10.77.0.1/tcp/4001")
        return ghmesh(peers, cable[1], "/ip4/10.77.0.2/tcp/4002", "/ip6/fd77::2/tcp/4002")
    ours = theirs = None
    for name in (first, "js" if first == "ghmesh" else "ghmesh"):
        if name == "js":
            theirs = start(name)
        else:
            ours = start(name)
    found = theirs.wait("found", ours.id)
    assert found["addresses"] == ["/ip4/10.77.0.2/tcp/4002", "/ip6/fd77::2/tcp/4002"]
    found = ours.wait("found", theirs.id)
    assert found["addresses"] == [f"/ip4/10.77.0.1/tcp/4001/p2p/{theirs.id}"]
    assert not ours.seen("found", ours.id), "itself"


def test_in_one_machine_without_a_network(machines, peers):
    """Only the loopback link is there."""
    theirs = js(peers, machines[0], "/ip4/127.0.0.1/tcp/4001")
    ours = ghmesh(peers, machines[0], "/ip4/127.0.0.1/tcp/4002", options=["--loopback"])
    assert theirs.wait("found", ours.id)["addresses"] == ["/ip4/127.0.0.1/tcp/4002"]
    assert ours.wait("found", theirs.id)["addresses"] == [f"/ip4/127.0.0.1/tcp/4001/p2p/{theirs.id}"]


def test_private_networks_are_apart(cable, peers):
    """The service's name carries the fingerprint of the network's key."""
    service = "_p2p-0123456789abcdef0123456789abcdef._udp.local"
    ours = ghmesh(peers, cable[1], "/ip4/10.77.0.2/tcp/4002", options=["--service", service])
    public = js(peers, cable[0], "/ip4/10.77.0.1/tcp/4001")
    theirs = js(peers, cable[0], "/ip4/10.77.0.1/tcp/4003", service)
    ours.wait("found", theirs.id)
    theirs.wait("found", ours.id)
    time.sleep(2)  # two more queries of each js node
    assert not ours.seen("found", public.id) and not public.seen("found", ours.id)


def test_ghmesh_finds_ghmesh_by_ip6_alone_and_hears_its_farewell(cable, peers):
    for end in cable:
        end.ip("-4", "address", "flush", "dev", "cable")
    one = ghmesh(peers, cable[0], "/ip6/fd77::1/tcp/4001")
    two = ghmesh(peers, cable[1], "/ip6/fd77::2/tcp/4002")
    assert one.wait("found", two.id)["addresses"] == [f"/ip6/fd77::2/tcp/4002/p2p/{two.id}"]
    assert two.wait("found", one.id)["addresses"] == [f"/ip6/fd77::1/tcp/4001/p2p/{one.id}"]
    two.stop()
    one.wait("lost", two.id)


def test_ghmesh_takes_part_in_a_link_that_comes_later(machines, peers):
    ours = ghmesh(peers, machines[0], "/ip4/10.77.0.1/tcp/4001")
    lay_cable(machines)
    theirs = js(peers, machines[1], "/ip4/10.77.0.2/tcp/4002")
    ours.wait("found", theirs.id)
    theirs.wait("found", ours.id)
