# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The real gh over the socket. What it prints is what GitHub said, and the second time GitHub is not asked."""

import json

import pytest

import harness
from harness import TOKEN, gh

WIDGETS = "repos/octo-org/widgets"


def twice(daemon, model, *arguments, status=0, before_again=lambda: None, **options):
    """Runs gh two times; the model must see calls the first time only, and both runs must print the same."""
    before = model.calls()
    first = gh(daemon, *arguments, check=False, **options)
    assert first.returncode == status, first.stderr.decode()
    asked = model.calls()
    assert asked > before, "the first time was not answered by the model"
    before_again()
    second = gh(daemon, *arguments, check=False, **options)
    assert model.calls() == asked, [line["target"] for line in model.log()[asked - before:]]
    assert (second.returncode, second.stdout, second.stderr) == (first.returncode, first.stdout, first.stderr)
    return first


@pytest.mark.parametrize("path", [
    WIDGETS, f"{WIDGETS}/issues", f"{WIDGETS}/issues?state=closed&per_page=3", f"{WIDGETS}/issues/1/comments",
    f"{WIDGETS}/pulls", f"{WIDGETS}/branches", f"{WIDGETS}/commits", f"{WIDGETS}/actions/runs", "orgs/octo-org", "user",
    "repos/octo-org/empty/issues"])
def test_api_prints_the_bytes_of_the_model(daemon, model, path):
    done = twice(daemon, model, "api", path)
    status, _, body = model.expect("/" + path)
    assert (status, done.stdout) == (200, body)


def test_a_private_repository_is_cached_for_those_who_may_read_it(daemon, model):
    path = "repos/octo-org/secret/issues"
    done = twice(daemon, model, "api", path)
    assert done.stdout == model.expect("/" + path)[2] != b"[]"
    stranger = gh(daemon, "api", path, token="ghp_model_hubot_1", check=False)
    assert stranger.returncode == 1
    assert stranger.stdout == model.expect("/" + path, token="ghp_model_hubot_1")[2]
    assert b"Not Found" in stranger.stdout


def test_paginate_follows_the_links_through_the_daemon(daemon, model):
    done = twice(daemon, model, "api", "--paginate", f"{WIDGETS}/issues?per_page=30")
    pages = [line["target"] for line in model.log()]
    assert len(pages) == 4 and pages[-1].endswith("page=4"), pages
    decoder, text, issues = json.JSONDecoder(), done.stdout.decode(), []
    while text.strip():  # gh 2.23 prints one array behind the other
        page, end = decoder.raw_decode(text.lstrip())
        issues += page
        text = text.lstrip()[end:]
    assert len({issue["number"] for issue in issues}) == len(issues) > 90
    expected = [json.loads(model.expect(target)[2]) for target in pages]
    assert issues == [issue for page in expected for issue in page]


def test_run_list_is_answered_twice_with_one_look(daemon, model):
    as_json = twice(daemon, model, "run", "list", "-R", "octo-org/widgets", "--json", "databaseId,status,displayTitle")
    assert len(json.loads(as_json.stdout)) == 20
    plain = gh(daemon, "run", "list", "-R", "octo-org/widgets")
    assert plain.stdout.count(b"\n") == 20


def test_a_renamed_repository_is_followed(daemon, model):
    model.control("create?repo=octo-org/before&issues=3")
    model.control("rename?repo=octo-org/before&to=after")
    moved = model.expect("/repos/octo-org/before")
    assert moved[0] == 301
    done = twice(daemon, model, "api", "repos/octo-org/before")
    assert json.loads(done.stdout)["full_name"] == "octo-org/after"
    assert done.stdout == model.expect("/repos/octo-org/after")[2]
    assert [line["status"] for line in model.log()] == [301, 200]


def test_what_does_not_exist_fails_as_it_does_without_us(daemon, model):
    path = "repos/octo-org/nowhere"
    done = twice(daemon, model, "api", path, status=1)
    assert done.stdout == model.expect("/" + path)[2]
    assert b"gh: Not Found (HTTP 404)" in done.stderr


def test_the_cache_of_gh_and_ours_agree(daemon, model):
    def forget():  # its own cache, or else the second gh would not even ask us
        for name in ("gh-cli-cache", "gh-cache"):
            harness.remove_folder(daemon.folder / name)
    requests = []
    done = twice(daemon, model, "api", "--cache", "1h", WIDGETS,
                 before_again=lambda: (forget(), requests.append(daemon.stats()["requests"])))
    assert done.stdout == model.expect("/" + WIDGETS)[2]
    assert daemon.stats()["requests"] == requests[0] + 1


def test_include_shows_where_the_answer_came_from(daemon, model):
    first = gh(daemon, "api", "-i", WIDGETS)
    calls = model.calls()
    second = gh(daemon, "api", "-i", WIDGETS)
    assert model.calls() == calls == 1
    heads, bodies = zip(*(done.stdout.replace(b"\r\n", b"\n").split(b"\n\n", 1) for done in (first, second)))
    assert bodies[0] == bodies[1] == model.expect("/" + WIDGETS)[2]
    assert all(head.startswith(b"HTTP/1.1 200 OK") for head in heads)
    assert b"detail=fetched" in heads[0] and b"detail=fresh" in heads[1]
    etags = [line for head in heads for line in head.splitlines() if line.lower().startswith(b"etag:")]
    assert len(etags) == 2 and etags[0] == etags[1]


def test_a_mutation_goes_through_and_is_seen_after_the_next_check(daemon, model):
    path = f"{WIDGETS}/issues/1"
    gh(daemon, "api", path)
    gh(daemon, "api", "-X", "PATCH", path, "-f", "title=A new title")
    assert model.log()[-1]["method"] == "PATCH"
    done = gh(daemon, "api", "-H", "Cache-Control: no-cache", path)
    assert json.loads(done.stdout)["title"] == "A new title"
    assert gh(daemon, "api", path).stdout == done.stdout == model.expect("/" + path)[2]


def test_a_bad_token_is_told_so_and_nothing_is_kept(daemon, model):
    for _ in range(2):
        calls = model.calls()
        done = gh(daemon, "api", "user", token="ghp_unknown_to_the_model", check=False)
        assert done.returncode == 1 and b"Bad credentials" in done.stdout
        assert model.calls() == calls + 1


def test_a_tool_that_runs_under_ghmesh_run_uses_the_daemon(daemon, model):
    expected = model.expect("/" + WIDGETS)[2]
    for calls in (1, 1):
        done = daemon.command("run", "--", "gh", "api", WIDGETS, token=TOKEN, env={"GH_NO_UPDATE_NOTIFIER": "1"})
        assert (done.returncode, done.stdout) == (0, expected), done.stderr
        assert model.calls() == calls
    assert daemon.stats()["requests"] == 2


def test_gh_auth_status_speaks_through_the_daemon(daemon, model):
    done = daemon.command("run", "--", "gh", "auth", "status", token=TOKEN, env={"GH_NO_UPDATE_NOTIFIER": "1"})
    assert done.returncode == 0, done.stderr
    assert b"Logged in to github.com as octocat" in done.stdout + done.stderr
    assert model.calls() > 0
    assert list(daemon.folder.glob("ghmesh-run-*")) == []


def test_the_exit_code_of_the_command_is_that_of_ghmesh_run(daemon):
    assert daemon.command("run", "--", "sh", "-c", "exit 7").returncode == 7
    assert daemon.command("run", "--", "no-such-command-here").returncode == 127
