#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What stands behind every cache in the benchmarks: an HTTP server of immutable JSON, quick enough not to be the limit.

A path says what it names: /repos/OWNER/REPO/git/blobs/SHA, where the first eight digits of SHA are the bytes of the
body and the others make it different from its neighbours. GET /requests answers how many it was asked for.

Usage: origin.py        prints the port on 127.0.0.1
"""

import asyncio
import hashlib

API = "https://api.github.com/repos/octo-org/hello-world"
OWNER = "/repos/octo-org/hello-world/git/blobs/"


def path_of(body_bytes, number):
    return f"{OWNER}{body_bytes:08x}{number:032x}"


def body_of(sha):
    """JSON like GitHub's: mostly URLs, hashes and times. Exactly as long as `sha` says."""
    body_bytes = int(sha[:8], 16)
    parts, bytes_left, index = [], body_bytes - 2, 0
    while True:
        hashed = hashlib.sha1(f"{sha}{index}".encode()).hexdigest()
        number = int(hashed[:6], 16)
        item = (f'{{"id":{number * 7919},"node_id":"PR_{hashed[:18]}","number":{number},"state":"open",'
                f'"url":"{API}/pulls/{number}","html_url":"https://github.com/octo-org/hello-world/pull/{number}",'
                f'"issue_url":"{API}/issues/{number}","commits_url":"{API}/pulls/{number}/commits",'
                f'"statuses_url":"{API}/statuses/{hashed}","head":{{"ref":"topic-{hashed[:5]}","sha":"{hashed}"}},'
                f'"created_at":"2026-0{number % 9 + 1}-1{number % 7}T12:00:0{number % 10}Z",'
                f'"title":"Change {number}"}}')
        if len(item) + 20 > bytes_left:
            break
        parts.append(item)
        bytes_left -= len(item) + 1
        index += 1
    parts.append('{"body":"' + "x" * (bytes_left - len('{"body":""}')) + '"}')
    return ("[" + ",".join(parts) + "]").encode()


class Origin(asyncio.Protocol):
    requests_count = 0

    def connection_made(self, transport):
        self.transport = transport
        self.arrived = b""

    def data_received(self, data):
        self.arrived += data
        while (end := self.arrived.find(b"\r\n\r\n")) >= 0:
            head, self.arrived = self.arrived[:end], self.arrived[end + 4:]
            self.transport.write(self.reply(head))

    @classmethod
    def reply(cls, head):
        target = head.split(b" ", 2)[1].decode()
        if target == "/requests":
            body = str(cls.requests_count).encode()
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        cls.requests_count += 1
        if not target.startswith(OWNER):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        sha = target[len(OWNER):]
        fields = (b'ETag: "%s"\r\nCache-Control: max-age=3600\r\nVary: Accept, Authorization\r\n'
                  b"X-GitHub-Media-Type: github.v3; format=json\r\nX-GitHub-Request-Id: 0400:1234:5678:9ABC:DEF0\r\n"
                  % sha.encode())
        if b'"%s"' % sha.encode() in head:
            return b"HTTP/1.1 304 Not Modified\r\n" + fields + b"\r\n"
        body = body_of(sha)
        return (b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n%s\r\n"
                % (len(body), fields)) + body


async def main():
    server = await asyncio.get_running_loop().create_server(Origin, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
