# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What must not be found where it does not belong, in the many forms in which it could lie around.

A canary is a token, a body, a name or a key that a test knows. Each is searched in the encodings that programs use. A
search that finds nothing proves nothing by itself: every test that uses it also plants what must be found.
"""
import base64
import functools
import hashlib
import hmac
import pathlib
import struct
import time
import urllib.parse

NEEDLE_BYTES_MIN = 12  # shorter ones are found by chance
TOKENS = ["ghp_model_canary_1", "ghp_model_canary_2"]
PRIVATE = "/repos/canary/private"
PATHS = [PRIVATE, f"{PRIVATE}/issues", f"{PRIVATE}/issues/1", f"{PRIVATE}/issues/2", "/user"]


def encodings(secret):
    """The ways in which a secret could lie around: as it is, and in the encodings that programs use."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for offset in range(3):  # base64 looks different at each of the three offsets; drop what the neighbours touch
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * offset + raw)
            yield encoded[(offset + 2) // 3 * 4:len(raw) * 4 // 3 // 4 * 4]
    yield base64.b32encode(raw)[:len(raw) // 5 * 8]
    yield base64.b32encode(raw)[:len(raw) // 5 * 8].lower()
    quoted = urllib.parse.quote(raw, safe="").encode()
    if quoted != raw:
        yield quoted
    yield raw[::-1]


def token_canaries(token):
    yield token
    for text in (token, f"token {token}", f"Bearer {token}"):
        yield hashlib.sha256(text.encode()).digest()
        yield hashlib.md5(text.encode()).digest()


def body_canaries(body):
    """Long pieces of a body from its beginning, its middle and its end."""
    for begin in (2, len(body) // 2, len(body) - 40):
        piece = body[max(begin, 0):][:36]
        if len(piece) >= 24:
            yield piece


def hkdf_expand(root, label, bytes_count=32):
    """Of one block at most, which all keys of a swarm are."""
    return hmac.digest(root, label + b"\x01", "sha256")[:bytes_count]


def swarm_canaries(text):
    """A generated secret, and what docs/wire/swarm_secret.md derives from it. Its fingerprint may be known."""
    key = base64.b32decode(text.removeprefix("ghs1-").upper() + "======")[:32]
    root = hmac.digest(b"ghmesh/v1", key, "sha256")
    yield text
    yield key
    yield from root_canaries(root)


def root_canaries(root):
    yield root
    for label in (b"member", b"key-id", b"principal", b"peer-list"):
        yield hkdf_expand(root, label)
    yield hkdf_expand(root, b"entry" + struct.pack(">q", int(time.time()) // 86_400))


def kept_root(text):
    """The root in a file of a node's own, of the ways that keep no secret: "ghr1-..."."""
    return base64.b32decode(text.split()[0].removeprefix("ghr1-").upper() + "======")[:32]


@functools.lru_cache
def needles_of(secrets):
    return {needle for secret in secrets for needle in encodings(secret) if len(needle) >= NEEDLE_BYTES_MIN}


def find(haystacks, secrets):
    """Where what was found, as (name of the haystack, needle)."""
    needles = needles_of(frozenset(secrets))
    assert len(needles) >= 6  # of one canary
    return [(name, needle) for name, data in haystacks.items() for needle in needles if needle in data]


def files_below(folder):
    return {str(path): path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()}
