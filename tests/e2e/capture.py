# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A capture of tcpdump: the TCP streams in it, and whatever is packed inside them."""
import ipaddress
import pathlib
import secrets
import socket
import struct
import subprocess
import zlib

import canaries
import harness

DICTIONARY = harness.ROOT / "src" / "packing" / "dictionary_v1.zdict"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# As far as one packed stream is looked into, from each place where one could begin.
PACKED_BYTES_MAX = 64 * 1024
UNPACKED_BYTES_MAX = 256 * 1024
# Stands between unpacked pieces, so that two of them never make a canary.
GAP = b"\0\0\0\0"


def frames(data):
    """The Ethernet frames of a capture file, as tcpdump writes it here."""
    magic, linktype = struct.unpack_from("<I", data)[0], struct.unpack_from("<I", data, 20)[0]
    assert magic in (0xA1B2C3D4, 0xA1B23C4D) and linktype == 1, (hex(magic), linktype)
    at = 24
    while at + 16 <= len(data):
        kept, length = struct.unpack_from("<II", data, at + 8)
        assert kept == length, "tcpdump has cut a frame"
        yield data[at + 16:at + 16 + kept]
        at += 16 + kept


def tcp_segment(frame):
    """(source, target, flags, sequence number, payload); None if it is anything else than TCP over IPv4."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    packet = frame[14:14 + struct.unpack_from(">H", frame, 16)[0]]
    header = (packet[0] & 15) * 4
    source_port, target_port, sequence = struct.unpack_from(">HHI", packet, header)
    payload = packet[header + (packet[header + 12] >> 4) * 4:]
    source, target = (str(ipaddress.IPv4Address(packet[at:at + 4])) for at in (12, 16))
    return (source, source_port), (target, target_port), packet[header + 13], sequence, payload


def tcp_streams(data):
    """What went over each connection, by (source, target, number of the first byte). Whole, or it is an error."""
    begun, segments = {}, {}
    for source, target, flags, sequence, payload in filter(None, map(tcp_segment, frames(data))):
        if flags & 2:  # SYN
            begun[source, target] = (sequence + 1) & 0xFFFFFFFF
            segments.setdefault((source, target, begun[source, target]), [])
        elif payload and (source, target) in begun:
            first = begun[source, target]
            segments[source, target, first].append(((sequence - first) & 0xFFFFFFFF, payload))
    streams = {}
    for name, parts in segments.items():
        stream = bytearray()
        for at, payload in sorted(parts):
            # A window scan says nothing of bytes that were before it: keep-alives repeat the last one.
            assert at <= len(stream), f"bytes {len(stream)} to {at} of {name} are not in the capture"
            stream += payload[len(stream) - at:]
        streams[name] = bytes(stream)
    return streams


def unpack_zstd(packed):
    """What comes out of it, with and without our dictionary, up to the first fault."""
    for more in ([], ["-D", DICTIONARY]):
        yield subprocess.run(["zstd", "-dcqq", *more], input=packed, capture_output=True, timeout=30).stdout


def unpacked(data):
    """Everything that comes out when a packed stream is taken to begin at each single byte. The deflate inside zlib and
    gzip is found as it is, behind their headers."""
    view = memoryview(data)
    found = []
    for at in range(len(data)):
        if data[at] & 6 == 6:
            continue  # there is no such kind of block
        try:
            piece = zlib.decompressobj(-15).decompress(view[at:at + PACKED_BYTES_MAX], UNPACKED_BYTES_MAX)
        except zlib.error:
            continue
        if len(piece) >= canaries.NEEDLE_BYTES_MIN:
            found.append(piece)
    at = data.find(ZSTD_MAGIC)
    while at >= 0:
        found += unpack_zstd(data[at:at + PACKED_BYTES_MAX])
        at = data.find(ZSTD_MAGIC, at + 1)
    return GAP.join(found)


class Capture:
    """Everything that crosses an interface of a namespace. A datagram from this machine to this address does."""

    def __init__(self, namespace, interface, path, stack, machine, address):
        self.machine, self.address = machine, address
        self.path = pathlib.Path(path)
        self.tcpdump = subprocess.Popen(
            namespace.inside("tcpdump", "-i", interface, "-s", "0", "-B", "65536", "--immediate-mode", "-U",
                             "-Z", "root", "-w", self.path),
            stderr=subprocess.PIPE, text=True)
        stack.callback(self.stop)
        said = self.tcpdump.stderr.readline()
        assert "listening on" in said, f"tcpdump does not capture: {said}"

    def end(self):
        """What was captured. None of it was lost on the way."""
        mark = secrets.token_bytes(32)  # what was sent before it is in the file before it

        def is_marked():
            with self.machine.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as marker:
                marker.sendto(mark, (self.address, 9))
            return mark in self.path.read_bytes()

        harness.wait_until(is_marked)
        self.tcpdump.terminate()
        said = self.tcpdump.communicate(timeout=harness.START_SECONDS)[1]
        assert "\n0 packets dropped by kernel" in "\n" + said, said
        self.data = self.path.read_bytes()
        self.streams = tcp_streams(self.data)
        return self

    def stop(self):
        if self.tcpdump.poll() is None:
            self.tcpdump.kill()
            self.tcpdump.communicate()

    def haystacks(self):
        """The file itself, the streams without what is between their segments, and what is packed in them."""
        streams = GAP.join(self.streams.values())
        return {"capture": self.data, "streams": streams, "unpacked": unpacked(streams)}

    def bytes_from(self, address):
        return sum(len(data) for (source, _, _), data in self.streams.items() if source[0] == address)
