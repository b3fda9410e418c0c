# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What is not a request, and what is not for us: its right status, a closed connection, and a daemon that stays up."""

import concurrent.futures

import pytest

import harness
from harness import TOKEN, exchange_raw, status_of

PATH = "/repos/octo-org/widgets"
GOOD = f"GET {PATH} HTTP/1.1\r\nHost: HOST\r\nAuthorization: token {TOKEN}\r\n"
POST = f"POST {PATH}/issues HTTP/1.1\r\nHost: HOST\r\nAuthorization: token {TOKEN}\r\n"
# After it, a request that must not be answered: whoever misreads the first one's end would.
SMUGGLED = "GET /user HTTP/1.1\r\nHost: HOST\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"

BAD = {
    "garbage": (400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n"),
    "no version": (400, f"GET {PATH}\r\nHost: HOST\r\n\r\n"),
    "a version of another protocol": (400, f"GET {PATH} ICY/1.1\r\nHost: HOST\r\n\r\n"),
    "HTTP 2 without its preface": (505, f"GET {PATH} HTTP/2.0\r\nHost: HOST\r\n\r\n"),
    "the preface of HTTP 2": (505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "two blanks in the request line": (400, f"GET  {PATH} HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    "a blank before the method": (400, f" GET {PATH} HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    "a fragment": (400, f"GET {PATH}#top HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    "a target without a slash": (400, "GET repos HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    "a byte above ASCII in the target": (400, f"GET {PATH}/\xe9 HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    "CONNECT": (501, "CONNECT api.github.com:443 HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    "no Host": (400, f"GET {PATH} HTTP/1.1\r\nAccept: */*\r\n\r\n"),
    "two Hosts": (400, GOOD + "Host: HOST\r\n\r\n" + SMUGGLED),
    "a Host that is none": (400, f"GET {PATH} HTTP/1.1\r\nHost: a b\r\n\r\n"),
    "a bare line feed after the request line": (400, f"GET {PATH} HTTP/1.1\nHost: HOST\r\n\r\n"),
    "a bare line feed after a field": (400, GOOD + "X: y\nZ: z\r\n\r\n"),
    "bare line feeds only": (400, f"GET {PATH} HTTP/1.1\nHost: HOST\n\n"),
    "a bare carriage return in a value": (400, GOOD + "X: y\rZ: z\r\n\r\n"),
    "a zero byte in a value": (400, GOOD + "X: a\0b\r\n\r\n"),
    "a folded line": (400, GOOD + "X: a\r\n b\r\n\r\n"),
    "a blank before the colon": (400, GOOD + "X : a\r\n\r\n"),
    "a field without a name": (400, GOOD + ": a\r\n\r\n"),
    "a field without a colon": (400, GOOD + "Nonsense\r\n\r\n"),
    "Content-Length twice, alike": (400, POST + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + SMUGGLED),
    "Content-Length twice, different": (400, POST + "Content-Length: 0\r\nContent-Length: 41\r\n\r\n" + SMUGGLED),
    "a list of Content-Lengths": (400, POST + "Content-Length: 2, 2\r\n\r\n{}" + SMUGGLED),
    "a Content-Length with a sign": (400, POST + "Content-Length: +2\r\n\r\n{}" + SMUGGLED),
    "a Content-Length below zero": (400, POST + "Content-Length: -1\r\n\r\n" + SMUGGLED),
    "a Content-Length in hexadecimal": (400, POST + "Content-Length: 0x2\r\n\r\n{}" + SMUGGLED),
    "a Content-Length beyond 64 bits": (400, POST + "Content-Length: 18446744073709551618\r\n\r\n{}" + SMUGGLED),
    "an empty Content-Length": (400, POST + "Content-Length:\r\n\r\n{}" + SMUGGLED),
    "Content-Length and Transfer-Encoding": (
        400, POST + CHUNKED + "Content-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding and Content-Length": (
        400, POST + "Content-Length: 5\r\n" + CHUNKED + "\r\n0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding twice": (400, POST + CHUNKED + CHUNKED + "\r\n0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding in HTTP/1.0": (400, POST.replace("1.1", "1.0") + CHUNKED + "\r\n0\r\n\r\n" + SMUGGLED),
    "an unknown Transfer-Encoding": (501, POST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding with a disguise": (501, POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk's length that is none": (400, POST + CHUNKED + "\r\nxyz\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk that ends elsewhere": (400, POST + CHUNKED + "\r\n2\r\n{}abc\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk's length beyond 64 bits": (400, POST + CHUNKED + "\r\n10000000000000002\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk's line that ends bare": (400, POST + CHUNKED + "\r\n2\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "an Expect that is unknown": (417, POST + "Expect: miracles\r\nContent-Length: 2\r\n\r\n{}"),
    "a target too long": (414, f"GET /{'a' * 9000} HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    "a target without an end": (414, "GET /" + "a" * 40_000),
    "a method without an end": (501, "G" * 40_000),
    "a field too long": (431, GOOD + "X: " + "a" * 40_000 + "\r\n\r\n"),
    "a field without an end": (431, GOOD + "X: " + "a" * 400_000),
    "too many fields": (431, GOOD + "X: a\r\n" * 200 + "\r\n"),
    "a body announced too large": (413, POST + f"Content-Length: {1 << 40}\r\n\r\n{{"),
    "a chunk announced too large": (413, POST + CHUNKED + "\r\nfffffffff\r\n{"),
}

HALVES = {
    "nothing": "",
    "one letter": "G",
    "half a request line": "GET / HT",
    "a head without its end": GOOD,
    "half a field": GOOD + "X: y",
    "half a body": POST + "Content-Length: 10\r\n\r\n{",
    "half a chunk": POST + CHUNKED + "\r\n5\r\n{",
    "chunks without their end": POST + CHUNKED + "\r\n",
}

FOREIGN = {
    "a page's Origin": (403, GOOD + "Origin: https://evil.example\r\n\r\n"),
    "our own Origin too": (403, GOOD + "Origin: http://HOST\r\n\r\n"),
    "the Origin of a file": (403, GOOD + "Origin: null\r\n\r\n"),
    "a request across sites": (403, GOOD + "Sec-Fetch-Site: cross-site\r\n\r\n"),
    "a request of a neighbouring page": (403, GOOD + "Sec-Fetch-Site: same-site\r\n\r\n"),
    "a form's POST": (403, POST + "Origin: https://evil.example\r\nContent-Length: 2\r\n\r\n{}"),
    "another host": (421, f"GET {PATH} HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    "a host that was bound anew": (421, f"GET {PATH} HTTP/1.1\r\nHost: evil.example:PORT\r\n\r\n"),
    "our host at another port": (421, f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"),
    "the name of the API": (421, f"GET {PATH} HTTP/1.1\r\nHost: api.github.com\r\n\r\n"),
    "another host in the target": (421, f"GET http://evil.example{PATH} HTTP/1.1\r\nHost: HOST\r\n\r\n"),
}

UNKNOWN_ON_THE_SOCKET = {
    "another host": (421, f"GET {PATH} HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    "a host that ends like an allowed one": (421, f"GET {PATH} HTTP/1.1\r\nHost: evilgithub.com\r\n\r\n"),
    "a host that begins like an allowed one": (
        421, f"GET {PATH} HTTP/1.1\r\nHost: api.github.com.evil.example\r\n\r\n"),
    "the cloud's own metadata": (421, "GET /latest/meta-data HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n"),
    "another host in the target": (421, f"GET http://evil.example{PATH} HTTP/1.1\r\nHost: HOST\r\n\r\n"),
}


@pytest.fixture(scope="module")
def served():
    """One model and one daemon for all of them: that it outlives every one is the point."""
    folder = harness.temporary_folder()
    model = harness.Model(folder)
    daemon = harness.Daemon(folder, model.url)
    yield model, daemon
    daemon.assert_healthy()
    assert daemon.ask(PATH, TOKEN).body == model.expect(PATH)[2]
    assert daemon.stop() == 0
    model.stop()
    harness.remove_folder(folder)


def spell(text, daemon, door):
    host, port = daemon.tcp_address
    name = f"{host}:{port}" if door == "tcp" else "api.github.com"
    return text.replace("HOST", name).replace("PORT", str(port)).encode("latin-1")


def address(daemon, door):
    return daemon.tcp_address if door == "tcp" else daemon.socket


def assert_refused(served, door, case):
    model, daemon = served
    status, text = case
    calls = model.calls()
    received = exchange_raw(address(daemon, door), spell(text, daemon, door))  # ends when the daemon closes
    assert status_of(received) == status, received[:300]
    assert received.count(b"HTTP/1.1 ") == 1, received[:600]
    assert b"connection: close" in received.split(b"\r\n\r\n")[0].lower()
    assert model.calls() == calls, model.log()


@pytest.mark.parametrize("door", ["socket", "tcp"])
@pytest.mark.parametrize("name", BAD)
def test_what_is_not_a_request_is_refused(served, door, name):
    assert_refused(served, door, BAD[name])


@pytest.mark.parametrize("name", FOREIGN)
def test_what_a_foreign_page_could_send_is_refused_on_tcp(served, name):
    assert_refused(served, "tcp", FOREIGN[name])


@pytest.mark.parametrize("name", UNKNOWN_ON_THE_SOCKET)
def test_hosts_that_nobody_allowed_are_refused_on_the_socket(served, name):
    assert_refused(served, "socket", UNKNOWN_ON_THE_SOCKET[name])


@pytest.mark.parametrize("door", ["socket", "tcp"])
@pytest.mark.parametrize("name", HALVES)
def test_half_a_request_is_not_answered_as_a_whole_one(served, door, name):
    _, daemon = served
    received = exchange_raw(address(daemon, door), spell(HALVES[name], daemon, door), half_close=True)
    assert status_of(received) == (400 if HALVES[name] else None), received
    assert received.count(b"HTTP/1.1 ") <= 1


@pytest.mark.parametrize("door", ["socket", "tcp"])
def test_requests_that_arrive_byte_by_byte_or_all_at_once_are_answered_in_order(served, door):
    model, daemon = served
    text = spell(GOOD + "\r\n", daemon, door)
    last = spell(GOOD + "Connection: close\r\n\r\n", daemon, door)
    slowly = exchange_raw(address(daemon, door), *(last[i:i + 7] for i in range(0, len(last), 7)), pause_seconds=0.001)
    assert status_of(slowly) == 200
    pipelined = exchange_raw(address(daemon, door), text * 20 + last)
    assert pipelined.count(b"HTTP/1.1 200 ") == 21
    assert slowly.split(b"\r\n\r\n", 1)[1] == pipelined.rsplit(b"\r\n\r\n", 1)[1]


def test_a_good_request_before_a_bad_one_is_answered(served):
    _, daemon = served
    received = exchange_raw(daemon.socket, spell(GOOD + "\r\nnonsense\r\n\r\n", daemon, "socket"))
    assert status_of(received) == 200 and received.count(b"HTTP/1.1 ") == 2 and b"HTTP/1.1 400 " in received


def test_slow_senders_are_shown_the_door(served):
    """The deadline of a head is ten seconds, however often a byte arrives; all connections at once."""
    _, daemon = served
    drip = spell(GOOD, daemon, "tcp")[:24]

    def wait(where, *parts):
        return exchange_raw(where, *parts, pause_seconds=0.5, timeout=25)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        halves = [pool.submit(wait, address(daemon, door), spell(GOOD, daemon, door)) for door in ("socket", "tcp")]
        drips = pool.submit(wait, daemon.tcp_address, *(drip[i:i + 1] for i in range(len(drip))))
        assert daemon.ask(PATH, TOKEN).status == 200  # nobody else waits for them
        for late in (*halves, drips):
            assert status_of(late.result()) == 408


def test_the_admin_side_is_as_strict(served):
    _, daemon = served
    def ask(text):
        return status_of(exchange_raw(daemon.admin, text.encode()))
    assert ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == 200
    assert ask("GET /healthz HTTP/1.1\r\n\r\n") == 400
    assert ask("GET /healthz HTTP/1.1\nHost: localhost\n\n") == 400
    assert ask("GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == 404
    assert ask("POST /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") == 405
    form = "all=true"
    assert ask("POST /api/v1/purge HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
               f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}") == 415
    large = "x" * (1 << 20)
    assert ask("POST /api/v1/purge HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(large)}\r\n\r\n{large}") == 413
