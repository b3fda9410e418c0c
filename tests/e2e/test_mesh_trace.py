# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Ten nodes on ten machines, and everything on the wires between them: nothing of it says what they speak about.

The machines are network namespaces on one switch; GitHub's model is on each one's loopback. What is searched for, and
in which forms: canaries.py. That the search can find is shown on the loopback of the first machine, in the same run.
"""
import base64
import concurrent.futures
import contextlib
import gzip
import json
import secrets
import socket
import subprocess
import zlib

import pytest

import canaries
import capture
import harness
import mesh
import namespaces

NODES_COUNT = 10
TITLE = "a title that only members may read"
LARGE = "/repos/octo-org/widgets/issues?state=all&per_page=100"  # too large to be announced: it is asked for
FORMS = {
    "raw": lambda plain: plain,
    "base64": base64.b64encode,
    "base64, one byte later": lambda plain: base64.b64encode(b"1" + plain),
    "base64url": base64.urlsafe_b64encode,
    "hex": lambda plain: plain.hex().encode(),
    "HEX": lambda plain: plain.hex().upper().encode(),
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "deflate": lambda plain: zlib.compress(plain, wbits=-15),
    "deflate, fast": lambda plain: zlib.compress(plain, level=1, wbits=-15),
    "zstd": lambda plain: with_zstd(plain),
    "zstd, our dictionary": lambda plain: with_zstd(plain, "-D", capture.DICTIONARY),
}


def with_zstd(plain, *options):
    return subprocess.run(["zstd", "-cq", *options], input=plain, capture_output=True, check=True).stdout


class Swarm:
    """Ten nodes and somebody who is not of their swarm, each on a machine of its own."""

    def __init__(self, folder, stack):
        """`stack` ends what is started, whatever happens."""
        self.folder, self.stack = folder, stack
        self.answers, self.details = [], []
        self.model = harness.Model(folder)
        stack.callback(self.model.stop)
        self.network = namespaces.Network(NODES_COUNT + 1, stack)
        first = self.network.machines[0]
        self.control = capture.Capture(first, "lo", folder / "loopback.pcap", stack, first, "127.0.0.1")
        self.trace = capture.Capture(self.network.switch, "switch0", folder / "wires.pcap", stack, first,
                                     self.network.address(2))
        host, port = self.model.address.split(":")
        for machine in self.network.machines:
            namespaces.Forwarder(machine, (host, int(port)), stack)
        self.secret = mesh.new_secret(folder / "swarm.secret")
        self.nodes = []
        self.nodes = [self.start(0, self.secret)]
        other = mesh.new_secret(folder / "other" / "swarm.secret")
        # The last one of the swarm comes later, and is warm.
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            outsider = pool.submit(self.start, NODES_COUNT, other)
            self.nodes += pool.map(lambda number: self.start(number, self.secret), range(1, NODES_COUNT - 1))
            self.outsider = outsider.result()

    def start(self, number, secret):
        node = mesh.Node(self.folder / f"node{number}", namespaces.Forwarder.URL, secret, tcp=False,
                         peers=[self.nodes[0].multiaddr] if number else [],
                         address=self.network.address(number + 1), inside=self.network.machines[number].inside())
        self.stack.callback(lambda: node.child.poll() is not None or node.kill())
        return node

    def connect(self):
        mesh.until(lambda: all(len(node.members()) == len(self.nodes) - 1 for node in self.nodes))

    def ask(self, number, path, **options):
        answer = self.nodes[number].ask(path, canaries.TOKENS[number % 2], **options)
        assert answer.status == 200, (number, path, answer.status)
        self.answers.append(answer)
        self.details.append(answer.detail)
        return answer

    def ask_all(self, path, first):
        """One fetches; the others ask when it has told them."""
        self.ask(first, path)
        for number in range(len(self.nodes)):
            self.ask(number, path)

    def run(self):
        self.connect()
        for number, path in enumerate((*canaries.PATHS, LARGE)):
            self.ask_all(path, first=number)
        self.ask(3, f"{canaries.PRIVATE}/issues/1", method="PATCH", body=json.dumps({"title": TITLE}),
                 headers={"Content-Type": "application/json"})
        self.ask_all(f"{canaries.PRIVATE}/issues/1", first=5)
        self.nodes.append(self.start(NODES_COUNT - 1, self.secret))
        self.connect()
        newcomer = self.nodes[-1]
        mesh.until(lambda: newcomer.metrics()['mesh_warm_statements_total{direction="in"}'] > 0)
        self.ask(NODES_COUNT - 1, LARGE)
        self.outside = self.outsider.ask(canaries.PRIVATE, canaries.TOKENS[0])
        self.planted = {form: self.plant(encode) for form, encode in FORMS.items()}

    def plant(self, encode):
        """A text of its own goes over the first machine's loopback in this form. Answers the text."""
        text = secrets.token_urlsafe(30).replace("-", "x").replace("_", "y")
        packed = encode(json.dumps({"title": text, "state": "open", "locked": False}).encode())
        machine = self.network.machines[0]
        with machine.listen() as server, machine.connect(server.getsockname()) as client:
            with server.accept()[0] as accepted:
                client.sendall(secrets.token_bytes(99) + packed + secrets.token_bytes(99))
                client.shutdown(socket.SHUT_WR)
                while accepted.recv(65536):
                    pass
        return text

    def look(self):
        """What everybody has seen, as long as they live."""
        self.seen = [node.seen() for node in self.nodes]
        self.seen_outside = self.outsider.seen()
        self.refused = sum(node.refused_count() for node in self.nodes)
        self.sent = [int(node.metrics()['mesh_wire_bytes_total{direction="out"}']) for node in self.nodes]

    def end(self):
        """Everybody says farewell, and then the captures are complete."""
        for node in (*self.nodes, self.outsider):
            node.assert_healthy()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda node: node.stop(), (*self.nodes, self.outsider))) == {0}
        self.haystacks = self.trace.end().haystacks()
        self.plain_haystacks = self.control.end().haystacks()

    def canaries(self):
        """What nobody on the wires may see, by kind."""
        return {
            "token": [form for token in canaries.TOKENS for form in canaries.token_canaries(token)],
            "body": [TITLE] + [piece for body in {answer.body for answer in self.answers}
                               for piece in canaries.body_canaries(body)],
            "URL": [canaries.PRIVATE, *(path for path in canaries.PATHS if len(path) > 20), LARGE],
            "ETag": [etag.removeprefix("W/").strip('"')
                     for etag in {answer.headers["ETag"] for answer in self.answers} if etag],
            "name": ["canary/private", "Authorization: token", "authorization: token"],
            "key": list(canaries.swarm_canaries(self.secret.read_text().strip())),
        }


@pytest.fixture(scope="module")
def swarm(tmp_path_factory):
    missing = namespaces.what_is_missing()
    assert not missing, missing
    with contextlib.ExitStack() as stack:
        made = Swarm(tmp_path_factory.mktemp("trace"), stack)
        made.run()
        made.look()
        made.end()
        yield made


def test_the_nodes_have_told_each_other(swarm):
    assert {"fetched", "peer", "proven"} <= set(swarm.details)
    assert all(seen["messages"] > 0 and seen["members"] == NODES_COUNT - 1 for seen in swarm.seen), swarm.seen


def test_the_trace_is_whole(swarm):
    for number, sent in enumerate(swarm.sent):
        assert swarm.trace.bytes_from(swarm.network.address(number + 1)) >= sent > 10_000


def test_no_canary_is_on_the_wires(swarm):
    kinds = swarm.canaries()
    found = canaries.find(swarm.haystacks, [canary for kind in kinds.values() for canary in kind])
    assert not found, found[:5]


@pytest.mark.parametrize("kind", ["token", "body", "URL", "ETag", "name"])
def test_the_same_search_finds_it_in_plain_http(swarm, kind):
    assert canaries.find(swarm.plain_haystacks, swarm.canaries()[kind])


def test_the_same_search_finds_it_in_every_form(swarm):
    missed = [form for form, text in swarm.planted.items() if not canaries.find(swarm.plain_haystacks, [text])]
    assert not missed


def test_the_secret_is_not_even_on_the_loopback(swarm):
    assert not canaries.find(swarm.plain_haystacks, swarm.canaries()["key"])


def test_an_outsider_sees_no_topic_and_no_ciphertext(swarm):
    assert not any(swarm.seen_outside.values()), swarm.seen_outside
    assert swarm.refused > 0  # it has tried
    assert swarm.outside.detail == "fetched"
    # What it was sent in each try: a handshake, and the end of the connection.
    outside = swarm.network.address(NODES_COUNT + 1)
    tries = [len(data) for (_, target, _), data in swarm.trace.streams.items() if target[0] == outside]
    assert tries and max(tries) < 1024, tries
