# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Gossip that somebody tampered with: frames made here, byte by byte, and sent by a node that is told to (`raw`)."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TOPIC = "ghmesh-interop-0"
AUTHOR = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, value):
    """A protobuf field: bytes, or a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def peer_id(key):
    """The identity multihash of the protobuf of the public key."""
    public = field(1, 1) + field(2, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    return bytes([0, len(public)]) + public


def message(data, seqno, author=AUTHOR, signer=AUTHOR, change=lambda body: body):
    """A message of `author` that `signer` signs; `change` is made to it after it has been signed."""
    body = field(1, peer_id(author)) + field(2, data) + field(3, seqno.to_bytes(8, "big")) + field(4, TOPIC.encode())
    signature = signer.sign(b"libp2p-pubsub:" + body)
    return change(body) + field(5, signature)


def bytes_changed(body):
    assert b"forged" in body
    return body.replace(b"forged", b"Forged")


FLAWS = {
    "another key signed": message(b"forged", 1, signer=STRANGER),
    "the data was changed": message(b"forged", 1, change=bytes_changed),
    "the author was changed": message(b"forged", 1, change=lambda body: body.replace(peer_id(AUTHOR),
                                                                                   peer_id(STRANGER))),
    "no signature": field(1, peer_id(AUTHOR)) + field(2, b"forged") + field(3, bytes(8)) + field(4, TOPIC.encode()),
    "no author": field(2, b"forged") + field(4, TOPIC.encode()),
}


def frame(*messages):
    rpc = b"".join(field(2, one) for one in messages)
    return varint(len(rpc)) + rpc


def send_and_see(flaw, attacker, victim):
    victim.do("subscribe", topic=TOPIC)
    attacker.dial(victim)
    honest = b"honest"
    attacker.do("raw", peer=victim.id, protocol="/meshsub/1.1.0", hex=frame(FLAWS[flaw], message(honest, 2)).hex())
    victim.wait("message", topic=TOPIC, sha256=hashlib.sha256(honest).hexdigest())
    assert len(victim.seen("message")) == 1
