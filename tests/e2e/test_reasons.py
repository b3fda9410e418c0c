# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`ghmesh why`, `ghmesh purge` and `ghmesh invalidate`: what an operator asks of a daemon, and tells it."""

import json
import time

import pytest

from harness import TOKEN

WIDGETS = "/repos/octo-org/widgets"
OTHER = "ghp_model_monalisa_1"


def why(daemon, *arguments, token=TOKEN):
    done = daemon.command("why", "--json", *arguments, token=token)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_why_says_what_is_held_and_what_happens(daemon, model):
    nothing = why(daemon, WIDGETS)
    assert nothing["held"] is None and nothing["now"]["action"] == "ask" and nothing["nearest"] == []
    assert why(daemon, WIDGETS + "/issues")["now"]["validator"] == "empty-list"
    calls = model.calls()
    assert calls == 0  # nobody was asked for an answer to why
    daemon.ask(WIDGETS, TOKEN)
    held = why(daemon, WIDGETS)
    assert held["now"]["action"] == "serve" and held["held"]["status"] == 200 and held["held"]["has_etag"]
    assert held["key"]["path"] == WIDGETS and held["route"] == "/repos/{owner}/{repo}"
    assert held["last"][0]["detail"] == "fetched" and held["last"][0]["calls_charged"] == 1


@pytest.mark.parametrize("arguments,token,difference", [
    (["--accept", "application/vnd.github.html+json"], TOKEN, "media type"),
    (["--api-version", "2026-03-10"], TOKEN, "API version"),
    ([], OTHER, "principal")])
def test_why_names_what_differs_from_the_nearest_entry(daemon, arguments, token, difference):
    path = WIDGETS + "/issues/1"
    daemon.ask(path, TOKEN)
    told = why(daemon, path, *arguments, token=token)
    assert told["held"] is None
    assert told["nearest"][0]["differs_in"] == [difference]
    assert difference in told["would_help"]


def test_why_tells_a_query_apart_and_a_change(daemon):
    daemon.ask(WIDGETS + "/issues?state=all", TOKEN)
    assert why(daemon, WIDGETS + "/issues?state=open")["nearest"][0]["differs_in"] == ["query"]
    daemon.ask(WIDGETS + "/issues", TOKEN, method="POST", body=b'{"title":"x"}')
    assert why(daemon, WIDGETS + "/issues?state=all")["held"]["outdated"]
    assert why(daemon, "/rate_limit")["passed_through"] == "route"


def test_why_last_shows_the_last_answers_and_no_secret(daemon):
    daemon.ask(WIDGETS, TOKEN)
    daemon.ask(WIDGETS, TOKEN)
    daemon.ask("/repos/octo-org/empty/issues?access_token=canary-7&page=2", TOKEN)
    last = why(daemon, "--last")["last"]
    assert [each["detail"] for each in last][1:] == ["fresh", "fetched"]
    assert last[0]["target"] == "/repos/octo-org/empty/issues?access_token=...&page=2"
    done = daemon.command("why", "--last", "2")
    assert done.returncode == 0 and done.stdout.count(b"\n") == 2
    for text in (done.stdout, json.dumps(last).encode()):
        assert b"canary-7" not in text and TOKEN.encode() not in text


def test_why_is_a_text_for_people(daemon):
    daemon.ask(WIDGETS, TOKEN)
    text = daemon.command("why", WIDGETS, token=TOKEN).stdout.decode()
    assert "/repos/octo-org/widgets" in text and "fresh for another" in text
    assert "1 call" in text and "nobody is asked" in text
    assert daemon.command("why", "not a path", token=TOKEN).returncode == 1
    assert daemon.command("why").returncode == 1


def test_reasons_are_for_the_owner_of_the_socket(folder, model):
    import harness
    server = harness.Daemon(folder, model.url, "--admin", "127.0.0.1:0")
    connection = harness.http.client.HTTPConnection(server.stats_address, timeout=30)
    assert harness.ask(connection, "/api/v1/decisions").status == 403
    connection.close()
    server.stop()


def fill(daemon):
    paths = [WIDGETS, WIDGETS + "/issues", WIDGETS + "/issues/1", "/repos/octo-org/empty", "/user"]
    for path in paths:
        assert daemon.ask(path, TOKEN).status == 200
    assert daemon.ask(WIDGETS, OTHER).status == 200
    return paths


def details(daemon, paths, token=TOKEN):
    return [daemon.ask(path, token).detail for path in paths]


def purge(daemon, *arguments, command="purge", token=None):
    done = daemon.command(command, "--json", *arguments, token=token)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_purge_by_pattern_forgets_for_everybody_and_dry_run_only_counts(daemon):
    paths = fill(daemon)
    dry = purge(daemon, "octo-org/widgets", "--dry-run")
    assert (dry["known"], dry["forgotten"], dry["asked_again"]) == (4, 0, False)
    assert set(dry["targets"]) == set(paths[:3])
    assert details(daemon, paths) == ["fresh"] * 5
    assert purge(daemon, "octo-org/widgets")["forgotten"] == 4
    assert daemon.ask(WIDGETS, OTHER).detail == "fetched"
    assert details(daemon, paths)[1:] == ["fetched", "fetched", "fresh", "fresh"]


def test_purge_by_route_and_of_ones_own(daemon):
    paths = fill(daemon)
    assert purge(daemon, "--route", "/repos/{owner}/{repo}")["forgotten"] == 3
    assert details(daemon, paths[1:3]) == ["fresh", "fresh"]
    assert daemon.ask(WIDGETS, OTHER).detail == "fetched"
    time.sleep(1.1)  # what is proven in the second of a change is asked for once more
    assert daemon.ask(WIDGETS, OTHER).status == 200
    assert purge(daemon, "--mine", token=TOKEN)["known"] >= 3
    assert daemon.ask(WIDGETS, OTHER).detail == "fresh"
    assert "fresh" not in details(daemon, paths)


def test_invalidate_keeps_the_body_for_a_free_304(daemon, model):
    paths = fill(daemon)
    charged = model.charged()
    told = purge(daemon, "/repos/octo-org/*/issues/**", command="invalidate")
    assert (told["known"], told["forgotten"], told["asked_again"]) == (2, 0, True)
    # The smallest place that holds all of the pattern is everything below the owner.
    assert details(daemon, paths) == ["revalidated"] * 4 + ["fresh"]
    assert model.charged() == charged


def test_what_an_earlier_run_has_kept_is_asked_for_again(folder, model):
    import harness
    first = harness.Daemon(folder, model.url)
    paths = fill(first)
    assert first.stop() == 0
    second = harness.Daemon(folder, model.url)
    assert purge(second, "octo-org/*")["known"] == 0
    assert details(second, paths[:4]) == ["revalidated"] * 4
    second.stop()


def test_after_everything_was_purged_nothing_is_known(daemon):
    fill(daemon)
    assert daemon.command("purge", "--all").returncode == 0
    assert purge(daemon, "/**", "--dry-run")["known"] == 0


@pytest.mark.parametrize("arguments", [[], ["a/b/c"], ["--all", "--mine"], ["--all", "x/y"]])
def test_what_says_nothing_is_refused(daemon, arguments):
    assert daemon.command("purge", *arguments).returncode == 1
