# SPDX-License-Identifier: Apache-2.0 OR MIT
"""curl, through both doors: what HTTP itself promises of a cache."""

import json
import subprocess

import pytest

import harness
from harness import TOKEN

WIDGETS = "/repos/octo-org/widgets"
API = "https://api.github.com"


class Curled:
    """What curl received: the last answer's status, its fields in small letters, and its body."""

    def __init__(self, done):
        assert done.returncode == 0, done.stderr.decode()
        head, self.body = done.stdout.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            self.fields.setdefault(name.lower(), []).append(value.strip())

    def get(self, name):
        """A field that may stand there once at most."""
        values = self.fields.get(name.lower(), [])
        assert len(values) <= 1, (name, values)
        return values[0] if values else None

    @property
    def detail(self):
        return self.get("cache-status").split("detail=")[1].split(";")[0]


def curl(daemon, door, path, *options, token=TOKEN):
    where = [daemon.url + path]
    if door == "socket":
        where = ["--unix-socket", daemon.socket, f"http://api.github.com{path}"]
    # The token goes through standard input: a command line is visible to everybody on the machine.
    told = f'header = "Authorization: Bearer {token}"'.encode() if token else b""
    return Curled(subprocess.run(["curl", "-q", "-sS", "-i", "--max-time", "30", "--config", "-", *options, *where],
                                 input=told, capture_output=True, timeout=60, env=harness.environment()))


@pytest.fixture(params=["socket", "tcp"])
def door(request):
    return request.param


def test_an_answer_says_how_it_came_about_and_how_old_it_is(daemon, model, door):
    first = curl(daemon, door, WIDGETS)
    second = curl(daemon, door, WIDGETS)
    assert (first.status, second.status) == (200, 200)
    assert first.get("cache-status").startswith("ghmesh; fwd=") and first.detail == "fetched"
    assert second.get("cache-status").startswith("ghmesh; hit") and second.detail == "fresh"
    assert int(first.get("age")) == 0 and 0 <= int(second.get("age")) < 30
    assert int(second.get("content-length")) == len(second.body)
    assert second.body == first.body
    assert model.calls() == 1


def test_both_doors_and_all_prefixes_share_one_entry(daemon, model):
    over_socket = curl(daemon, "socket", WIDGETS)
    assert over_socket.body == model.expect(WIDGETS)[2]
    for path in (WIDGETS, "/api/v3" + WIDGETS):
        assert curl(daemon, "tcp", path).detail == "fresh"
    assert curl(daemon, "tcp", WIDGETS).get("etag") == over_socket.get("etag")
    assert model.calls() == 1


def test_head_has_the_fields_of_get_and_no_body(daemon, model, door):
    got = curl(daemon, door, WIDGETS)
    head = curl(daemon, door, WIDGETS, "--head")
    assert (head.status, head.body) == (200, b"")
    for name in ("content-length", "etag", "content-type", "vary"):
        assert head.get(name) == got.get(name) is not None
    assert model.calls() == 1


def test_head_of_the_unseen_is_asked_and_kept(daemon, model, door):
    head = curl(daemon, door, WIDGETS, "--head")
    assert (head.status, head.body) == (200, b"")
    got = curl(daemon, door, WIDGETS)
    assert got.detail == "fresh" and int(head.get("content-length")) == len(got.body)
    assert model.calls() == 1


def test_trap_24_a_known_validator_is_answered_304_without_a_body(daemon, model, door):
    etag = curl(daemon, door, WIDGETS).get("etag")
    for validator in (etag, "W/" + etag, f'"other", {etag}', "*"):
        answer = curl(daemon, door, WIDGETS, "-H", f"If-None-Match: {validator}")
        assert (answer.status, answer.body) == (304, b""), validator
        assert answer.get("etag") == etag and answer.get("vary")
        assert answer.get("content-length") in (None, str(len(model.expect(WIDGETS)[2])))
    other = curl(daemon, door, WIDGETS, "-H", 'If-None-Match: "other"')
    assert other.status == 200 and other.body
    assert model.calls() == 1


def test_a_validator_of_github_itself_is_known_here(daemon, model, door):
    """A client that was pointed at us later still holds ETags that GitHub computed for its own spelling."""
    connection = model.connection()
    theirs = harness.ask(connection, WIDGETS, TOKEN, headers={"Accept": "application/vnd.github+json"})
    connection.close()
    curl(daemon, door, WIDGETS)
    answer = curl(daemon, door, WIDGETS, "-H", "Accept: application/vnd.github+json", "-H",
                  f"Authorization: token {TOKEN}", "-H", f"If-None-Match: {theirs.headers['ETag']}", token=None)
    assert (answer.status, answer.body) == (304, b"")


def test_links_are_ours_on_tcp_and_theirs_on_the_socket(daemon):
    path = WIDGETS + "/issues?per_page=5"
    assert f"<{API}/repositories/" in curl(daemon, "socket", path).get("link")
    assert daemon.url not in curl(daemon, "socket", path).get("link")
    for prefix in ("", "/api/v3"):
        link = curl(daemon, "tcp", prefix + path).get("link")
        assert f"<{daemon.url}{prefix}/repositories/" in link and API not in link
        following = link.split("<")[1].split(">")[0].removeprefix(daemon.url)
        page = curl(daemon, "tcp", following)
        assert page.status == 200 and len(json.loads(page.body)) == 5


def test_bodies_are_theirs_on_the_socket_and_carry_our_urls_on_tcp(daemon, model):
    theirs = model.expect(WIDGETS)[2]
    assert curl(daemon, "socket", WIDGETS).body == theirs
    for prefix in ("", "/api/v3"):
        ours = curl(daemon, "tcp", prefix + WIDGETS)
        assert API.encode() not in ours.body and int(ours.get("content-length")) == len(ours.body)
        assert ours.body.replace((daemon.url + prefix).encode(), API.encode()) == theirs
        assert b"https://github.com/" in ours.body  # pages for people stay where they are


def test_the_name_that_the_caller_used_is_the_name_in_urls(daemon):
    port = daemon.tcp_address[1]
    answer = curl(daemon, "tcp", WIDGETS, "-H", f"Host: localhost:{port}")
    assert json.loads(answer.body)["url"] == f"http://localhost:{port}{WIDGETS}"
    assert json.loads(curl(daemon, "tcp", WIDGETS).body)["url"] == f"{daemon.url}{WIDGETS}"


def test_a_move_is_told_with_a_location_that_the_client_can_follow(daemon, model, door):
    model.control("create?repo=octo-org/before&issues=3")
    model.control("rename?repo=octo-org/before&to=after")
    for _ in range(2):
        moved = curl(daemon, door, "/repos/octo-org/before")
        assert moved.status == 301
        assert moved.get("location").startswith((daemon.url if door == "tcp" else API) + "/repositories/")
    assert model.calls() == 1


def test_a_range_is_not_ours_to_answer(daemon, model, door):
    curl(daemon, door, WIDGETS)
    answer = curl(daemon, door, WIDGETS, "-H", "Range: bytes=0-9")
    assert answer.detail == "passed" and model.calls() == 2
    assert curl(daemon, door, WIDGETS).detail == "fresh"


def test_a_post_passes_through_and_is_not_kept(daemon, model, door):
    for number in (131, 132):
        answer = curl(daemon, door, WIDGETS + "/issues", "-d", json.dumps({"title": "By curl"}))
        assert answer.status == 201 and answer.detail == "passed"
        issue = json.loads(answer.body)
        assert issue["number"] == number and issue["url"].startswith(daemon.url if door == "tcp" else API)
    assert [line["body"] for line in model.log()] == ['{"title": "By curl"}'] * 2
    assert daemon.stats()["cache"]["puts"] == 0


def test_a_body_sent_in_chunks_arrives_whole(daemon, model, door, folder):
    text = json.dumps({"title": "In chunks", "body": "x" * 200_000})
    (folder / "input.json").write_text(text)
    answer = curl(daemon, door, WIDGETS + "/issues", "-X", "POST", "-T", str(folder / "input.json"), "-H",
                  "Transfer-Encoding: chunked", "-H", "Expect:")
    assert answer.status == 201 and len(json.loads(answer.body)["body"]) == 200_000


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(daemon, door):
    answer = curl(daemon, door, WIDGETS + "/issues", "-d", json.dumps({"title": "x" * 5000}), "-H",
                  "Expect: 100-continue")
    assert answer.status == 100 and answer.body.startswith(b"HTTP/1.1 201 ")


def test_no_cache_asks_github_for_free(daemon, model, door):
    curl(daemon, door, WIDGETS)
    answer = curl(daemon, door, WIDGETS, "-H", "Cache-Control: no-cache")
    assert answer.detail == "revalidated" and answer.status == 200
    assert (model.calls(), model.charged()) == (2, 1)


def test_only_if_cached_never_asks(daemon, model, door):
    assert curl(daemon, door, WIDGETS, "-H", "Cache-Control: only-if-cached").status == 504
    assert model.calls() == 0
    curl(daemon, door, WIDGETS)
    assert curl(daemon, door, WIDGETS, "-H", "Cache-Control: only-if-cached").detail == "fresh"


def test_representations_are_kept_apart(daemon, model, door):
    path = WIDGETS + "/issues/1"
    accepts = ["application/vnd.github+json", "application/vnd.github.full+json"]
    for _ in range(2):
        tags = {curl(daemon, door, path, "-H", f"Accept: {accept}").get("etag") for accept in accepts}
        assert len(tags) == 2
    assert model.calls() == 2


def test_raw_files_are_streamed_and_never_kept(daemon, model, door):
    for calls in (1, 2):
        answer = curl(daemon, door, WIDGETS + "/readme", "-H", "Accept: application/vnd.github.raw+json")
        assert answer.detail == "passed" and answer.body.startswith(b"# widgets")
        assert model.calls() == calls


def test_trap_17_compression_upstream_changes_nothing_here(daemon, model, door):
    plain = curl(daemon, door, WIDGETS)
    packed = curl(daemon, door, WIDGETS, "--compressed")
    assert packed.body == plain.body and model.calls() == 1


def test_anonymous_callers_are_served_apart(daemon, model, door):
    for _ in range(2):
        assert curl(daemon, door, "/repos/octo-org/secret", token=None).status == 404
        assert curl(daemon, door, "/repos/octo-org/secret").status == 200
    assert model.calls() == 2
