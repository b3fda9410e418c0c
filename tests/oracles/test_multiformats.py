# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Thousands of generated and mutated inputs, for ghmesh and for js: both must make the same of them.

An input that was generated as a valid one must be read alike, to the last byte. A mutated one, too; only where one side
refuses what the other reads, the difference must be one that has a name in REFUSED_HERE or REFUSED_THERE, with its
reason. The seed is printed when a test fails; ORACLE_SEED=N repeats it.
"""

import functools
import os
import pathlib
import random
import re
import subprocess
import threading
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

HERE = pathlib.Path(__file__).resolve().parent
SUBJECT = os.environ.get("GHMESH_MULTIFORMATS_LINES")
SEED = int(os.environ.get("ORACLE_SEED", time.time_ns() % 1_000_000))
INPUTS_COUNT = 1_000  # for each operation

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
VARINT_OF_JS_MAX = 2**53 - 1


# ---- Asking ---------------------------------------------------------------------------------------------------------


class Program:
    """Runs as long as the tests; a line in is a line out."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, requests):
        """What it says to each request (operation, bytes, prefix)."""
        lines = "".join(f"{operation} {data.hex() or '-'} {prefix}\n" for operation, data, prefix in requests)
        writer = threading.Thread(target=self.write, args=(lines,))
        writer.start()
        answers = [self.process.stdout.readline().rstrip("\n") for _ in requests]
        writer.join()
        return answers

    def write(self, lines):
        self.process.stdin.write(lines)
        self.process.stdin.flush()


@functools.cache
def ghmesh():
    assert SUBJECT, "GHMESH_MULTIFORMATS_LINES names the program; ctest sets it"
    return Program(SUBJECT)


@functools.cache
def js():
    assert (HERE / "node_modules").exists(), "tools/setup installs the oracles"
    return Program("node", str(HERE / "multiformats.mjs"))


def ask_both(requests):
    return list(zip(requests, ghmesh().ask(requests), js().ask(requests)))


def show(request, ours, theirs):
    operation, data, _ = request
    return f"seed {SEED}: {operation} {data.hex()} {data!r}: here `{ours}`, js `{theirs}`"


def expect_alike(requests):
    for request, ours, theirs in ask_both(requests):
        assert ours.startswith("ok"), show(request, ours, theirs)
        assert same(request, ours, theirs), show(request, ours, theirs)


def expect_alike_or_explained(requests):
    compared = 0
    for request, ours, theirs in ask_both(requests):
        if ours.startswith("ok") and theirs.startswith("ok"):
            assert same(request, ours, theirs), show(request, ours, theirs)
            compared += 1
        elif ours.startswith("ok"):
            assert any(explains(request, ours) for explains in REFUSED_THERE), show(request, ours, theirs)
        elif theirs.startswith("ok"):
            assert any(explains(request, ours, theirs) for explains in REFUSED_HERE), show(request, ours, theirs)
    return compared


def same(request, ours, theirs):
    if ours == theirs:
        return True
    # js writes addresses of IP version 6 in a spelling of its own (RFC 5952 has ours). The bytes are the same.
    return request[0].startswith("address") and "/ip6/" in text_of(ours) and ours.split()[1] == theirs.split()[1]


def text_of(answer):
    return bytes.fromhex(answer.split()[-1]).decode() if answer.split()[-1] != "-" else ""


# ---- Differences that are meant -------------------------------------------------------------------------------------


def is_another_kind(request, ours, theirs):
    """Protocols, bases and versions that ghmesh has no use for, and sizes beyond its limits."""
    return ours in ("error unsupported", "error too_large")


def is_cut(request, ours, theirs):
    """js takes what is there of a value whose length says more."""
    return ours == "error truncated" and request[0].startswith("address")


def is_short_digest(request, ours, theirs):
    """A key that is named by a part of its SHA-256 could be another."""
    return ours == "error malformed" and request[0].startswith("id") and theirs.startswith("ok 12")


def is_no_peer_id(request, ours, theirs):
    """The value of /p2p/ must be a peer id; js takes any bytes."""
    return ours in ("error malformed", "error truncated") and "/p2p/" in address_of(request, theirs)


def is_unprintable(request, ours, theirs):
    """Names of hosts with blanks, controls, slashes or beyond ASCII: they would not be read back from their text."""
    if ours != "error malformed" or not request[0].startswith("address") or theirs == "ok - 2f":
        return False
    names = values_of(bytes.fromhex(theirs.split()[1]), NAME_CODES)
    return any(not re.fullmatch(rb"[!-.0-~]+", name) for name in names)


def is_longer_varint(request, ours, theirs):
    """One number, one spelling; js reads others in addresses."""
    return ours == "error malformed" and request[0] == "address" and re.search(rb"[\x80-\xff]\0", request[1])


def is_nothing(request, ours, theirs):
    """For js an empty text is the empty address."""
    return request[:2] == ("address_text", b"")


def is_empty_part(request, ours, theirs):
    """js skips the empty part in "/dns//example.org"."""
    return ours == "error malformed" and request[0] == "address_text" and b"//" in request[1]


REFUSED_HERE = (is_another_kind, is_cut, is_short_digest, is_no_peer_id, is_unprintable, is_longer_varint, is_nothing,
                is_empty_part)

NAME_CODES = (42, 53, 54, 55, 56)  # ip6zone, dns, dns4, dns6, dnsaddr
VALUE_BYTES = {4: 4, 6: 2, 41: 16, 273: 2}


def values_of(address, codes):
    """Of these protocols, in an address on the wire."""
    values = []
    while address:
        code, address = take_varint(address)
        length = VALUE_BYTES.get(code, 0)
        if code in NAME_CODES or code == 421:
            length, address = take_varint(address)
        if code in codes:
            values.append(address[:length])
        address = address[length:]
    return values


def take_varint(data):
    end = next(index for index, byte in enumerate(data) if byte < 0x80)
    return sum((byte & 0x7F) << 7 * index for index, byte in enumerate(data[:end + 1])), data[end + 1:]


def address_of(request, theirs):
    return text_of(theirs) if request[0].startswith("address") else ""


def is_beyond_js(request, ours):
    """Integers of js end at 2^53."""
    return any(word.isdigit() and int(word) > VARINT_OF_JS_MAX for word in ours.split()[1:3])


def is_id_without_key(request, ours):
    """An identity hash in a peer id: js looks into the key at once, ghmesh when it is used."""
    return request[0].startswith("id") and bytes.fromhex(ours.split()[1])[:1] == b"\x00"


def is_base_in_capitals(request, ours):
    """The specification has base16 read in either case (tests/case_insensitivity.csv); js does so for base32 only."""
    return request[0] == "base" and request[1].startswith(b"f") and request[1] != request[1].lower()


REFUSED_THERE = (is_beyond_js, is_id_without_key, is_base_in_capitals)


# ---- Making inputs --------------------------------------------------------------------------------------------------


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def a_multihash(rng):
    if rng.random() < 0.3:
        digest = rng.randbytes(rng.randrange(43))
        return varint(0) + varint(len(digest)) + digest
    return bytes([0x12, 32]) + rng.randbytes(32)


def a_cid(rng):
    if rng.random() < 0.3:
        return bytes([0x12, 32]) + rng.randbytes(32)  # version 0
    return varint(1) + varint(rng.choice([0x55, 0x70, 0x72, rng.randrange(2**20)])) + a_multihash(rng)


def base58(data):
    number = int.from_bytes(data, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def base32(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[int(bits[i:i + 5], 2)] for i in range(0, len(bits), 5))


def a_peer_id(rng):
    if rng.random() < 0.5:
        return bytes([0x12, 32]) + rng.randbytes(32)
    return bytes.fromhex("002408011220") + public_bytes(ed25519_key(rng))


def ed25519_key(rng):
    return ed25519.Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))


def public_bytes(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def an_ip6(rng):
    groups = [rng.choice([0, 0, 1, rng.randrange(2**16)]) for _ in range(8)]
    return ":".join(f"{group:x}" for group in groups)


def an_address_part(rng):
    port = str(rng.choice([0, 1, 80, 4001, 65535, rng.randrange(2**16)]))
    name = ".".join("".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789-", k=rng.randrange(1, 12)))
                    for _ in range(rng.randrange(1, 4)))
    return rng.choice([
        f"/ip4/{'.'.join(str(rng.randrange(256)) for _ in range(4))}", f"/ip6/{an_ip6(rng)}", f"/ip6zone/{name}",
        f"/dns/{name}", f"/dns4/{name}", f"/dns6/{name}", f"/dnsaddr/{name}", f"/tcp/{port}", f"/udp/{port}",
        "/ws", "/wss", "/tls", "/noise", "/quic", "/quic-v1", "/p2p-circuit", f"/p2p/{base58(a_peer_id(rng))}",
    ])


def an_address(rng):
    return "".join(an_address_part(rng) for _ in range(rng.randrange(1, 5)))


def mutate(rng, data):
    """One to three changes: a bit, a byte, a cut, an insertion, a piece repeated."""
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]
        elif kind == 1 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]
        elif kind == 2:
            data = data[:at]
        elif kind == 3:
            data = data[:at] + rng.randbytes(rng.randrange(1, 4)) + data[at:]
        else:
            data = data[:at] + data[rng.randrange(len(data) + 1):]
    return data


def mutate_text(rng, text):
    """The same within the characters that such texts are made of: most of them then stay close to valid."""
    letters = "/:.0123456789abcdefipstuvwzABCDEFQm1-% "
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            text = text[:at] + rng.choice(letters) + text[at + 1:]
        elif kind == 1:
            text = text[:at] + rng.choice(letters) + text[at:]
        elif kind == 2:
            text = text[:at] + text[at + rng.randrange(1, 4):]
        else:
            parts = text.split("/")
            rng.shuffle(parts)
            text = "/".join(parts)
    return text.encode()


MAKERS = {
    "varint": lambda rng: varint(rng.randrange(2**rng.randrange(1, 53))),
    "multihash": a_multihash,
    "cid": a_cid,
    "cid_text": lambda rng: in_cid_text(a_cid(rng)),
    "address_text": lambda rng: an_address(rng).encode(),
    "id": a_peer_id,
    "id_text": lambda rng: base58(a_peer_id(rng)).encode(),
}


def in_cid_text(cid):
    return (base58(cid) if cid[:2] == b"\x12\x20" and len(cid) == 34 else "b" + base32(cid)).encode()


# ---- Tests ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def rng(request):
    return random.Random(f"{SEED} {request.node.name}")


@pytest.mark.parametrize("operation", MAKERS)
def test_what_is_valid_is_read_alike(rng, operation):
    expect_alike([(operation, MAKERS[operation](rng), "") for _ in range(INPUTS_COUNT)])


@pytest.mark.parametrize("operation", MAKERS)
def test_what_is_mutated_is_read_alike(rng, operation):
    is_text = operation.endswith("_text")
    inputs = (MAKERS[operation](rng) for _ in range(INPUTS_COUNT))
    mutated = [mutate_text(rng, data.decode()) if is_text else mutate(rng, data) for data in inputs]
    expect_alike_or_explained([(operation, data, "") for data in mutated])


def test_addresses_in_bytes_are_read_alike(rng):
    texts = [("address_text", an_address(rng).encode(), "") for _ in range(INPUTS_COUNT)]
    wire = [bytes.fromhex(ours.split()[1]) for _, ours, _ in ask_both(texts)]
    expect_alike([("address", data, "") for data in wire])
    assert expect_alike_or_explained([("address", mutate(rng, data), "") for data in wire]) > INPUTS_COUNT // 10


@pytest.mark.parametrize("prefix", "fbzu")
def test_every_base_is_written_and_read_alike(rng, prefix):
    data = [b"\0" * rng.choice([0, 0, 1, 3]) + rng.randbytes(rng.randrange(80)) for _ in range(INPUTS_COUNT)]
    expect_alike([("to_base", each, prefix) for each in data])
    texts = [bytes.fromhex(ours.split()[1]) for _, ours, _ in ask_both([("to_base", each, prefix) for each in data])]
    expect_alike([("base", text, "") for text in texts])
    expect_alike_or_explained([("base", mutate_text(rng, text.decode()), "") for text in texts])


def key_message(key_type, data):
    return bytes([8, key_type, 18]) + varint(len(data)) + data


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_public_keys_have_the_same_ids(rng):
    keys = [key_message(1, public_bytes(ed25519_key(rng))) for _ in range(50)]
    keys += [key_message(2, ec.derive_private_key(rng.randrange(1, 2**255), ec.SECP256K1()).public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)) for _ in range(20)]
    keys += [key_message(0, spki(rsa.generate_private_key(65537, bits))) for bits in (2048, 2048)]
    expect_alike([("id_of_key", key, "") for key in keys])


def private_fields(message):
    """The type and the data of a PrivateKey message of the specification."""
    length, data = take_varint(message[3:])
    assert len(data) == length
    return message[1], data


def public_of(message):
    key_type, data = private_fields(message)
    if key_type == 1:
        return key_message(1, public_bytes(ed25519.Ed25519PrivateKey.from_private_bytes(data[:32])))
    if key_type == 2:
        key = ec.derive_private_key(int.from_bytes(data, "big"), ec.SECP256K1())
        return key_message(2, key.public_key().public_bytes(serialization.Encoding.X962,
                                                            serialization.PublicFormat.CompressedPoint))
    return key_message(key_type, spki(serialization.load_der_private_key(data, None)))


def test_the_private_keys_of_the_specification_lead_to_its_ids():
    """peer-ids.md, "Test vectors": of all four types from the private key to the public one and the id."""
    lines = (HERE / "data" / "peer_id_vectors.txt").read_text().splitlines()
    vectors = [line.split() for line in lines if line and not line.startswith("#")]
    assert [name for name, *_ in vectors] == ["ecdsa", "ed25519", "secp256k1", "rsa"]
    for name, private, public, peer_id in vectors:
        assert public_of(bytes.fromhex(private)).hex() == public, name
        answer = ghmesh().ask([("id_of_key", bytes.fromhex(public), "")])[0]
        assert text_of(answer) == peer_id, name
