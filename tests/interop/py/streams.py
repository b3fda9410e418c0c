# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The protocols of the interoperability tests on py-libp2p streams: what handlers do, and what openers do."""

import hashlib
import os
import time

import trio
from libp2p.network.stream.exceptions import StreamClosed, StreamEOF, StreamReset

ECHO = "/ghmesh/echo/1.0.0"
SINK = "/ghmesh/sink/1.0.0"
GREET = "/ghmesh/greet/1.0.0"
RESET = "/ghmesh/reset/1.0.0"
CHUNK_BYTES = 65536


async def pieces(stream):
    """What comes, up to the other side's half-close; a reset, which may read as the end here, raises StreamReset."""
    while True:
        try:
            piece = await stream.read(CHUNK_BYTES)
        except (StreamEOF, StreamClosed):
            piece = b""
        if not piece:
            if stream.muxed_stream.reset_received:
                raise StreamReset
            return
        yield piece


async def read_counted(stream, first=b""):
    digest, count, how = hashlib.sha256(first), len(first), "closed"
    try:
        async for piece in pieces(stream):
            digest.update(piece)
            count += len(piece)
    except StreamReset:
        how = "reset"
    return {"how": how, "bytes": count, "sha256": digest.hexdigest()}


async def read_all(stream):
    return b"".join([piece async for piece in pieces(stream)])


# ---- Handlers -------------------------------------------------------------------------------------------------------


async def handle_echo(stream):
    try:
        async for piece in pieces(stream):
            await stream.write(piece)
        await stream.close()
    except Exception:  # the other side went away: what it sees is the reset
        await stream.reset()


async def handle_sink(stream):
    seen = await read_counted(stream)
    if seen["how"] == "closed":
        await stream.write(seen["bytes"].to_bytes(8, "big") + bytes.fromhex(seen["sha256"]))
        await stream.close()
    return seen


async def handle_greet(stream):
    await stream.write(b"hello")
    await stream.close_write()
    return await read_counted(stream)


async def handle_reset(stream):
    first = await stream.read(1)
    if first == b"h":
        await stream.reset()
        return {"how": "reset", "bytes": 1, "sha256": hashlib.sha256(first).hexdigest()}
    await stream.write(first)
    return await read_counted(stream, first)


def serve(host, report):
    host.set_stream_handler(ECHO, handle_echo)

    def reporting(protocol, handler):
        async def handle(stream):
            seen = await handler(stream)
            report(peer=str(stream.muxed_conn.peer_id), protocol=protocol, **seen)
        return handle

    for protocol, handler in ((SINK, handle_sink), (GREET, handle_greet), (RESET, handle_reset)):
        host.set_stream_handler(protocol, reporting(protocol, handler))


# ---- Openers --------------------------------------------------------------------------------------------------------


async def write_and_close(stream, data):
    for at in range(0, len(data), CHUNK_BYTES):
        await stream.write(data[at:at + CHUNK_BYTES])
    await stream.close_write()


async def echo(host, peer, command):
    protocol, count = command.get("protocol", ECHO), command.get("parallel", 1)
    opened = [await host.new_stream(peer, [protocol]) for _ in range(count)]
    exact = 0

    async def one(stream):
        nonlocal exact
        sent = os.urandom(command["bytes"])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write_and_close, stream, sent)
            received = await read_all(stream)
        exact += received == sent

    async with trio.open_nursery() as nursery:
        for stream in opened:
            nursery.start_soon(one, stream)
    if exact != count:
        raise ValueError(f"{count - exact} of {count} streams came back otherwise")
    return {"streams": exact, "bytes": exact * command["bytes"]}


async def transfer(host, peer, command):
    started, size = time.monotonic(), command["bytes"]
    stream = await host.new_stream(peer, [SINK])
    digest = hashlib.sha256()
    for at in range(0, size, CHUNK_BYTES):
        chunk = os.urandom(min(CHUNK_BYTES, size - at))
        digest.update(chunk)
        await stream.write(chunk)
    await stream.close_write()
    said = await read_all(stream)
    if said != size.to_bytes(8, "big") + digest.digest():
        raise ValueError(f"the sink answered {said.hex()}")
    return {"bytes": size, "sha256": digest.hexdigest(), "milliseconds": round((time.monotonic() - started) * 1000)}


async def greet(host, peer, command):
    stream = await host.new_stream(peer, [GREET])
    greeting = await read_all(stream)
    await write_and_close(stream, os.urandom(command["bytes"]))
    return {"greeting": greeting.decode(), "bytes": command["bytes"]}


async def reset(host, peer, command):
    stream = await host.new_stream(peer, [RESET])
    if command.get("by") == "handler":
        await stream.write(b"h")
        return {"seen": (await read_counted(stream))["how"]}
    await stream.write(b"o")
    await stream.read(1)
    await stream.reset()
    return {"seen": "reset"}
