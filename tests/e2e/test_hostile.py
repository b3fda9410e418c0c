# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What an attacker of this daemon once found, kept as tests: refused credentials, writes, answers nobody asked for."""

import http.server
import threading

import pytest

import harness

TOKEN = "ghp_model_octocat_1"
WIDGETS = "/repos/octo-org/widgets"
NO_CACHE = {"Cache-Control": "no-cache"}


class ScriptedUpstream:
    """An upstream that answers as the test says, and counts."""

    def __init__(self, answer):
        calls = self.calls = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                calls.append((self.path, dict(self.headers)))
                status, headers, body = answer(self)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def scripted(folder):
    """Starts a scripted upstream and a daemon in front of it."""
    running = []

    def start(answer):
        upstream = ScriptedUpstream(answer)
        daemon = harness.Daemon(folder, upstream.url)
        running.append((upstream, daemon))
        return upstream, daemon

    yield start
    for upstream, daemon in running:
        assert daemon.stop() == 0
        upstream.close()


JSON = {"Content-Type": "application/json; charset=utf-8"}


def test_a_refused_credential_gets_nothing_that_is_held(daemon, model):
    assert daemon.ask(WIDGETS, TOKEN).status == 200
    model.control(f"revoke?token={TOKEN}")
    assert daemon.ask(f"{WIDGETS}/issues/1", TOKEN).status == 401  # now this daemon has seen it
    for headers in ({}, {"Cache-Control": "max-stale"}, {"X-Gh-Cache-Ttl": "24h"}):
        assert daemon.ask(WIDGETS, TOKEN, headers=headers).status == 401
    assert daemon.ask(WIDGETS, TOKEN, headers={"Authorization": f"Bearer {TOKEN}"}).status == 401
    assert daemon.ask(WIDGETS, "ghp_model_octocat_2").status == 200  # another credential of the same user is not


def test_a_refused_credential_gets_nothing_at_a_limit_either(scripted):
    state = {"status": 200, "body": b'{"a":1}'}

    def answer(_):
        headers = {**JSON, "X-RateLimit-Remaining": "0"} if state["status"] == 403 else JSON
        return state["status"], headers, state["body"]

    _, daemon = scripted(answer)
    assert daemon.ask("/repos/o/r/issues/1", TOKEN).status == 200
    state.update(status=401, body=b'{"message":"Bad credentials"}')
    assert daemon.ask("/repos/o/r/issues/2", TOKEN).status == 401
    state.update(status=403, body=b'{"message":"API rate limit exceeded for 192.0.2.1."}')
    assert daemon.ask("/repos/o/r/issues/1", TOKEN, headers=NO_CACHE).status == 403


def test_a_401_without_a_credential_refuses_nobody(daemon, model):
    assert daemon.ask(WIDGETS).status == 200
    assert daemon.ask("/user").status == 401
    calls = model.calls()
    assert daemon.ask(WIDGETS).detail == "fresh"
    assert model.calls() == calls


@pytest.mark.parametrize("spelling", ["token", "Bearer"])
def test_who_writes_reads_what_was_written(daemon, model, spelling):
    path = f"{WIDGETS}/issues/1"
    listed = f"{WIDGETS}/issues?direction=asc"
    for reading in (path, listed, WIDGETS):
        daemon.ask(reading, TOKEN)
    changed = daemon.ask(path, TOKEN, method="PATCH", body=b'{"title":"Changed through us"}',
                         headers={"Authorization": f"{spelling} {TOKEN}"})
    assert changed.status == 200
    charged = model.charged()
    assert daemon.ask(path, TOKEN).json()["title"] == "Changed through us"
    assert "Changed through us" in daemon.ask(listed, TOKEN).body.decode()
    assert daemon.ask(f"{WIDGETS}/labels", TOKEN).status == 200
    assert model.charged() <= charged + 3  # what did not change is proven for free
    # Times are kept in seconds: what was proven in the second of the write is asked for once more.
    harness.wait_until(lambda: daemon.ask(path, TOKEN).detail == "fresh")


def test_a_graphql_query_is_no_write_and_a_mutation_is(daemon):
    assert daemon.ask(WIDGETS, TOKEN).detail == "fetched"
    daemon.ask("/graphql", TOKEN, method="POST", body=b'{"query":"query { viewer { login } }"}')
    assert daemon.ask(WIDGETS, TOKEN).detail == "fresh"
    mutation = b'{"query":"mutation { addStar(input: {starrableId: \\"R_1\\"}) { clientMutationId } }"}'
    assert daemon.ask("/graphql", TOKEN, method="POST", body=mutation).status == 200
    assert daemon.ask(WIDGETS, TOKEN).detail == "revalidated"


def test_what_is_too_large_to_keep_costs_one_call_each_time(scripted):
    body = b'{"tree":"' + b"x" * (9 << 20) + b'"}'
    upstream, daemon = scripted(lambda _: (200, JSON, body))
    for round_number in (1, 2, 3):
        answer = daemon.ask("/repos/o/r/git/trees/main", TOKEN)
        assert (answer.status, answer.body) == (200, body)
        assert len(upstream.calls) == round_number + 1  # the first time it is found out


def test_an_answer_to_a_question_that_was_not_asked_is_an_error(scripted):
    upstream, daemon = scripted(lambda _: (304, {}, b""))
    answer = daemon.ask("/repos/o/r/issues/1", TOKEN)
    assert answer.status == 502 and b"message" in answer.body
    assert "If-None-Match" not in upstream.calls[0][1]


def test_no_field_for_browsers_leaves_by_tcp(daemon):
    connection = daemon.tcp_connection()
    for path in ("/rate_limit", WIDGETS):
        answer = harness.ask(connection, path, TOKEN)
        assert answer.status == 200
        names = {name.lower() for name in answer.headers}
        assert not {name for name in names if name.startswith("access-control-") or name == "set-cookie"}, names
    connection.close()


def test_head_of_what_is_passed_through_has_no_wrong_length(daemon):
    connection = daemon.tcp_connection()
    answer = harness.ask(connection, "/rate_limit", TOKEN, method="HEAD")
    assert answer.status == 200 and answer.headers["Content-Length"] != "0"
    connection.close()


def test_a_page_of_thirty_is_the_default_only_where_it_is(scripted):
    upstream, daemon = scripted(lambda request: (200, JSON, b'{"asked":"%s"}' % request.path.encode()))
    for path in ("/repos/o/r/compare/a...b", "/notifications", "/repos/o/r/commits/main"):
        plain = daemon.ask(path, TOKEN)
        for query in ("per_page=30", "page=1"):
            assert daemon.ask(f"{path}?{query}", TOKEN).json()["asked"] == f"{path}?{query}"
        assert plain.json()["asked"] == path
    calls = len(upstream.calls)
    daemon.ask("/repos/o/r/issues", TOKEN)
    assert daemon.ask("/repos/o/r/issues?page=1&per_page=30", TOKEN).detail == "fresh"
    assert len(upstream.calls) == calls + 1


def test_an_unreachable_host_harms_nobody_after_it(daemon):
    for _ in range(3):
        connection = daemon.connection("nothing.github.com")  # allowed by name, and there is no such host here
        assert harness.ask(connection, "/x").status == 502
        connection.close()
        assert daemon.ask("/rate_limit", TOKEN).status == 200


def test_purging_one_address_purges_all_its_representations(daemon):
    version = {"X-GitHub-Api-Version": "2022-11-28"}
    assert daemon.ask(WIDGETS, TOKEN, headers=version).detail == "fetched"
    assert daemon.ask(WIDGETS, TOKEN, headers=version).detail == "fresh"
    assert daemon.command("purge", WIDGETS, token=TOKEN).returncode == 0
    assert daemon.ask(WIDGETS, TOKEN, headers=version).detail == "fetched"
