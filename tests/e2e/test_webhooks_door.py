# SPDX-License-Identifier: Apache-2.0 OR MIT
"""GitHub says that something has happened: signed, it makes ghmesh ask again; unsigned, it changes nothing."""

import hashlib
import hmac
import http.client
import json
import time

import pytest

import harness
from harness import TOKEN

WIDGETS = "/repos/octo-org/widgets"
SECRET = b"It's a Secret to Everybody"
PUSH = {"ref": "refs/heads/main", "repository": {"id": 1, "full_name": "octo-org/widgets"}}


@pytest.fixture
def daemon(folder, model):
    secret = folder / "webhook-secret"
    secret.write_bytes(SECRET + b"\n")
    secret.chmod(0o600)
    server = harness.Daemon(folder, model.url, "--webhook-secret-file", secret)
    yield server
    server.assert_healthy()
    assert server.stop() == 0


def deliver(daemon, event, payload, delivery="1", secret=SECRET, **more):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {"Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": delivery,
               "X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
               "Host": "hooks.example.org", **more}
    return daemon.ask_admin("/webhooks/github", method="POST", body=body,
                            headers={name: value for name, value in headers.items() if value is not None})


def outcomes(daemon):
    return {name.split('"')[1]: int(count) for name, count in daemon.metrics().items()
            if name.startswith("webhooks_total")}


def test_a_signed_push_makes_what_it_moves_be_asked_again_for_everybody(daemon, model):
    paths = [WIDGETS + "/commits", WIDGETS + "/branches", WIDGETS]
    for path in paths:
        daemon.ask(path, TOKEN)
        assert daemon.ask(path, TOKEN).detail == "fresh"
    other = "/repos/octocat/Hello-World/commits"
    daemon.ask(other, TOKEN)
    charged = model.charged()
    answer = deliver(daemon, "push", PUSH)
    assert answer.status == 202 and answer.json()["doubts"] > 3
    for path in paths:
        assert daemon.ask(path, TOKEN).detail == "revalidated"  # nothing had changed after all: free
    assert daemon.ask(other, TOKEN).detail == "fresh"
    assert model.charged() == charged


def test_a_payload_is_a_hint_and_never_content(daemon):
    before = daemon.ask(WIDGETS, TOKEN).body
    forged = {"action": "edited", "repository": {"id": 1, "full_name": "octo-org/widgets", "description": "forged"}}
    assert deliver(daemon, "repository", forged).status == 202
    assert daemon.ask(WIDGETS, TOKEN).body == before


@pytest.mark.parametrize("how", [{"secret": b"another"}, {"X-Hub-Signature-256": None},
                                 {"X-Hub-Signature-256": "sha256="}, {"X-Hub-Signature-256": "sha1=00"}])
def test_what_is_not_signed_gets_401_and_changes_nothing(daemon, how):
    daemon.ask(WIDGETS + "/commits", TOKEN)
    assert deliver(daemon, "push", PUSH, **how).status == 401
    assert daemon.ask(WIDGETS + "/commits", TOKEN).detail == "fresh"
    assert outcomes(daemon)["unsigned"] == 1


def test_a_delivery_counts_once(daemon):
    assert deliver(daemon, "push", PUSH, "same").status == 202
    time.sleep(1.1)  # what is proven in the second of a change is asked for once more
    daemon.ask(WIDGETS + "/commits", TOKEN)
    again = deliver(daemon, "push", PUSH, "same")
    assert (again.status, again.json()["outcome"]) == (200, "duplicate")
    assert daemon.ask(WIDGETS + "/commits", TOKEN).detail == "fresh"
    assert deliver(daemon, "push", PUSH, "another").status == 202
    assert outcomes(daemon) | {"accepted": 2, "duplicate": 1} == outcomes(daemon)


def test_other_events_are_taken_and_nothing_is_concluded(daemon):
    assert deliver(daemon, "ping", {"zen": "Design for failure.", "hook_id": 1}).json()["outcome"] == "ignored"
    assert deliver(daemon, "no_such_event", {}, "2").json()["outcome"] == "unknown"


def test_what_cannot_be_read_is_refused(daemon):
    assert deliver(daemon, "push", b"not JSON").status == 400
    assert deliver(daemon, "push", PUSH, **{"X-GitHub-Delivery": None}).status == 400
    assert deliver(daemon, "push", PUSH, **{"Content-Type": "application/x-www-form-urlencoded"}).status == 415
    assert outcomes(daemon)["malformed"] == 3


def test_more_than_github_sends_is_not_read(daemon):
    connection = harness.UnixConnection(daemon.admin, "localhost")
    connection.putrequest("POST", "/webhooks/github")
    connection.putheader("X-Hub-Signature-256", "sha256=00")
    connection.putheader("Content-Length", str(40 << 20))
    connection.endheaders()
    try:
        for _ in range(40):
            connection.send(b" " * (1 << 20))
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before we were done
    try:
        assert connection.getresponse().status == 413
    except (http.client.HTTPException, ConnectionResetError):
        pass  # the rest of the body was not read, and the refusal went with the connection
    daemon.assert_healthy()


def test_without_a_secret_there_is_no_such_door(folder, model):
    (folder / "bare").mkdir()
    bare = harness.Daemon(folder / "bare", model.url)
    assert deliver(bare, "push", PUSH).status == 404
    bare.stop()


def test_a_secret_that_others_can_read_is_refused_at_the_start(folder, model):
    secret = folder / "open-secret"
    secret.write_text("x")
    secret.chmod(0o644)
    with pytest.raises(RuntimeError, match="open-secret"):
        harness.Daemon(folder, model.url, "--webhook-secret-file", secret)
