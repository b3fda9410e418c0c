# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A node as the Python predecessor has it, over py-libp2p: /github-cache/1.0.0, Fernet, and its reading habits.

    peer.py SECRET          prints its address; then a JSON line for each entry that comes
    stdin                   {"address", "key", "entry"}: sends it there, and prints the answer
"""

import base64
import json
import sys

import multiaddr
import trio
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from libp2p import new_host
from libp2p.peer.peerinfo import info_from_p2p_addr

PROTOCOL = "/github-cache/1.0.0"
READ_BYTES_MAX = 65536  # of one stream


def cipher_of(secret):
    derived = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=b"github-cache-p2p", iterations=100_000)
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))


def say(**fields):
    print(json.dumps(fields), flush=True)


async def read_to_the_end(stream):
    """py-libp2p gives what has come; the end of a stream is an empty read, or an exception."""
    got = b""
    while len(got) < READ_BYTES_MAX:
        try:
            part = await stream.read(READ_BYTES_MAX - len(got))
        except Exception:  # the kinds differ from release to release
            break
        if not part:
            break
        got += part
    return got


async def main(secret):
    cipher = cipher_of(secret)
    host = new_host()

    async def handle(stream):
        try:
            message = json.loads(cipher.decrypt(await read_to_the_end(stream)))
            await stream.write(b"OK")
            say(came=message)
        except InvalidToken:
            say(came=None)
        await stream.close()

    async def send(order):
        info = info_from_p2p_addr(multiaddr.Multiaddr(order["address"]))
        await host.connect(info)
        stream = await host.new_stream(info.peer_id, [PROTOCOL])
        await stream.write(cipher.encrypt(json.dumps({"key": order["key"], "entry": order["entry"]}).encode()))
        await stream.close_write()  # and reads on: the answer is to come
        say(answer=(await read_to_the_end(stream)).decode())
        await stream.close()

    host.set_stream_handler(PROTOCOL, handle)
    async with host.run(listen_addrs=[multiaddr.Multiaddr("/ip4/127.0.0.1/tcp/0")]):
        say(address=str(host.get_addrs()[0]))
        async for line in trio.wrap_file(sys.stdin):
            with trio.move_on_after(20) as waiting:
                await send(json.loads(line))
            if waiting.cancelled_caught:
                say(answer=None)


trio.run(main, sys.argv[1])
