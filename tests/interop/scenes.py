# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What two implementations must manage together, each scene told with a dialer and a listener that have just started.

A scene raises if something is not as it should be. LINES are the lines of the matrix in the order of the report.
"""

import hashlib

import pytest

from peers import Refused

MEBIBYTE = 1 << 20
SINK = "/ghmesh/sink/1.0.0"
GREET = "/ghmesh/greet/1.0.0"
RESET = "/ghmesh/reset/1.0.0"
SERVED = {"/ipfs/ping/1.0.0", "/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ghmesh/echo/1.0.0", SINK, GREET, RESET}


def dial(dialer, listener):
    ours, theirs = dialer.dial(listener)
    assert (ours["direction"], theirs["direction"]) == ("out", "in")
    assert dialer.do("peers")["peers"] == [listener.id]
    assert listener.do("peers")["peers"] == [dialer.id]
    dialer.do("hang_up", peer=listener.id)
    dialer.wait("disconnected", peer=listener.id)
    listener.wait("disconnected", peer=dialer.id)
    assert dialer.do("peers")["peers"] == listener.do("peers")["peers"] == []


def ping(dialer, listener):
    dialer.dial(listener)
    assert dialer.do("ping", peer=listener.id, count=5)["count"] == 5
    assert listener.do("ping", peer=dialer.id, count=5)["count"] == 5


def identify_and_push(dialer, listener):
    dialer.dial(listener)
    for one, other in ((dialer, listener), (listener, dialer)):
        said = one.do("identify", peer=other.id)
        assert said["agent"] == other.agent
        assert said["protocol_version"]
        assert SERVED <= set(said["protocols"])
        assert any(other.address.startswith(address) for address in said["addresses"]), said["addresses"]
        both_sign = one.implementation.signs_records and other.implementation.signs_records
        assert said["signed_record"] == ("verified" if both_sign else "none")
    for number, (one, other) in enumerate(((dialer, listener), (listener, dialer))):
        news = f"/ghmesh/news/{number}"
        one.do("push", protocol=news)
        other.wait("identified", peer=one.id, accept=lambda line: news in line["protocols"])
        assert news in other.do("identify", peer=one.id)["protocols"]
        # What was announced is served.
        assert other.do("echo", peer=one.id, bytes=1000, protocol=news)["streams"] == 1


def half_close(dialer, listener):
    dialer.dial(listener)
    for one, other in ((dialer, listener), (listener, dialer)):
        # The opener first: everything comes back after its end.
        assert one.do("echo", peer=other.id, bytes=200_000)["bytes"] == 200_000
        assert one.do("transfer", peer=other.id, bytes=0)["sha256"] == hashlib.sha256().hexdigest()
        # The handler first: its end does not end what the opener still has to say.
        assert one.do("greet", peer=other.id, bytes=200_000)["greeting"] == "hello"
        ended = other.wait("stream_ended", peer=one.id, protocol=GREET)
        assert (ended["how"], ended["bytes"]) == ("closed", 200_000)


def reset(dialer, listener):
    dialer.dial(listener)
    for one, other in ((dialer, listener), (listener, dialer)):
        one.do("reset", peer=other.id, by="opener")
        ended = other.wait("stream_ended", peer=one.id, protocol=RESET)
        assert (ended["how"], ended["bytes"]) == ("reset", 1)
        assert one.do("reset", peer=other.id, by="handler")["seen"] == "reset"
        # The connection and its other streams are none the worse.
        assert one.do("echo", peer=other.id, bytes=1000)["streams"] == 1


def parallel_streams(dialer, listener):
    dialer.dial(listener)
    both = [dialer.begin("echo", peer=listener.id, bytes=20_000, parallel=100),
            listener.begin("echo", peer=dialer.id, bytes=20_000, parallel=100)]
    for answer in both:
        assert answer()["streams"] == 100


def transfer(dialer, listener):
    dialer.dial(listener)
    for one, other in ((dialer, listener), (listener, dialer)):
        sent = one.do("transfer", peer=other.id, bytes=64 * MEBIBYTE)
        ended = other.wait("stream_ended", peer=one.id, protocol=SINK)
        assert (ended["how"], ended["bytes"], ended["sha256"]) == ("closed", 64 * MEBIBYTE, sent["sha256"])


def wrong_peer_id(dialer, listener, stranger_id):
    address = listener.address.replace(listener.id, stranger_id)
    assert address != listener.address
    with pytest.raises(Refused) as refusal:
        dialer.do("dial", address=address)
    assert str(refusal.value).split(": ", 2)[2]
    assert dialer.do("peers")["peers"] == []
    listener.until(lambda answer: answer["peers"] == [], "peers")
    # Neither side holds it against the other.
    dialer.dial(listener)


def inlined_muxers(start_dialer, start_listener):
    """Each side with and without: what is agreed within Noise needs both, and the rest falls back to multistream."""
    for dialer_inlines in (True, False):
        for listener_inlines in (True, False):
            dialer = start_dialer(inline_muxers=dialer_inlines)
            listener = start_listener(inline_muxers=listener_inlines)
            told = dialer.dial(listener)
            expected = all(inlines and node.implementation.inlines_muxers for inlines, node in
                           ((dialer_inlines, dialer), (listener_inlines, listener)))
            for line, node in zip(told, (dialer, listener)):
                if node.implementation.tells_inlined:
                    assert line["inlined"] is expected, (dialer_inlines, listener_inlines, line)
            assert dialer.do("echo", peer=listener.id, bytes=1000)["streams"] == 1


# Of a pair that has just started; the two others have arguments of their own.
PAIR_SCENES = {
    "dial and hang up": dial,
    "ping": ping,
    "identify and push": identify_and_push,
    "half-close": half_close,
    "reset": reset,
    "100 parallel streams": parallel_streams,
    "64 MiB byte-exact": transfer,
}
LINES = [*PAIR_SCENES, "wrong peer id refused", "inlined muxers on and off", "gossipsub 1.1", "gossipsub 1.2",
         "gossipsub 1.1 and 1.2 mixed", "forged messages refused"]


# ---- Gossip ---------------------------------------------------------------------------------------------------------


def connect_in_a_circle(nodes):
    """Each node has four neighbours, so most messages travel through nodes that did not write them."""
    neighbours = {node.id: set() for node in nodes}
    for index, node in enumerate(nodes):
        for step in (1, 3):
            other = nodes[(index + step) % len(nodes)]
            if other.id not in neighbours[node.id]:
                node.dial(other)
                neighbours[node.id].add(other.id)
                neighbours[other.id].add(node.id)
    return neighbours


def gossip(nodes, topic, version_of):
    """Everybody publishes, and everybody gets everything, once, from whom it says.

    `version_of` two nodes is what the stream of the one to the other is to have agreed on."""
    neighbours = connect_in_a_circle(nodes)
    for node in nodes:
        node.do("subscribe", topic=topic)
    # Fewer neighbours than a mesh wants: all of them end up in it.
    for node in nodes:
        state = node.until(lambda answer, node=node: set(answer["mesh"]) == neighbours[node.id], "gossip", topic=topic)
        told = dict(line.split() for line in state["versions"])
        for other in (other for other in nodes if other.id in neighbours[node.id]):
            if told:
                assert told[other.id] == f"/meshsub/{version_of(node, other)}.0"
    expected = set()
    answers = []
    for index, node in enumerate(nodes):
        # Small ones, and some above the size from which IDONTWANT is sent (1 KiB).
        for number, size in enumerate((100, 100, 100, 3000, 3000)):
            text = f"{index}/{number} of {topic}"
            answers.append(node.begin("publish", topic=topic, text=text, bytes=size))
            expected.add((node.id, hashlib.sha256(text.encode().ljust(size, b".")).hexdigest()))
    for answer in answers:
        answer()
    for node in nodes:
        foreign = {message for message in expected if message[0] != node.id}
        node.wait("message", count=len(foreign), topic=topic)
    for node in nodes:
        got = sorted((line["from"], line["sha256"]) for line in node.seen("message", topic=topic))
        assert got == sorted(message for message in expected if message[0] != node.id), node.implementation.name
