# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Octokit over TCP. It follows Link headers and the URLs in bodies wherever they lead: here, always back to us."""

import json
import pathlib
import subprocess

import pytest

import harness
from harness import TOKEN

SCRIPT = pathlib.Path(__file__).with_name("octokit.mjs")
pytestmark = pytest.mark.skipif(not (SCRIPT.parent / "node_modules" / "octokit").exists(),
                                reason="tools/setup installs octokit")


@pytest.fixture(params=["", "/api/v3"], ids=["plain", "enterprise"])
def base_url(request, daemon):
    return daemon.url + request.param


def play(base_url, scene, **more):
    """One process of node, with a client that remembers nothing of the last one."""
    told = json.dumps({"baseUrl": base_url, "token": TOKEN, "scene": scene, **more}).encode()
    done = subprocess.run(["node", SCRIPT], input=told, capture_output=True, timeout=60, env=harness.environment())
    assert done.returncode == 0, done.stderr.decode()
    seen = json.loads(done.stdout)
    assert seen["escapes"] == []
    assert all(url.startswith(base_url.rsplit("/api/v3", 1)[0] + "/") for url in seen["urls"]), seen["urls"]
    return seen["result"]


def twice(model, base_url, scene):
    before = model.calls()
    first = play(base_url, scene)
    asked = model.calls()
    assert asked > before
    assert play(base_url, scene) == first
    assert model.calls() == asked, [line["target"] for line in model.log()[asked - before:]]
    return first


def test_pages_are_followed_to_their_end(model, base_url):
    assert twice(model, base_url, "paginate") == list(range(130, 0, -1))
    assert len(model.log()) == 5


def test_urls_in_bodies_lead_back_to_us(model, base_url):
    assert len(twice(model, base_url, "follow")) == 2


def test_a_repository_is_what_the_model_says_with_our_urls(model, daemon):
    seen = twice(model, daemon.url, "repository")
    theirs = json.loads(model.expect("/repos/octo-org/widgets")[2])
    assert seen["data"]["url"] == f"{daemon.url}/repos/octo-org/widgets"
    ours = json.loads(json.dumps(seen["data"]).replace(daemon.url, "https://api.github.com"))
    assert ours == theirs


def test_lists_in_an_object_and_iterators_work(model, daemon):
    assert len(set(twice(model, daemon.url, "wrapped"))) == 40
    assert twice(model, daemon.url, "iterator") == [20, 15]


def test_a_conditional_request_costs_nothing(model, daemon):
    """Node's fetch adds Cache-Control: no-cache to every conditional request, so GitHub is asked: for free."""
    etag = play(daemon.url, "repository")["etag"]
    assert play(daemon.url, "conditional", etag=etag) == 304
    assert play(daemon.url, "conditional", etag='"another"') == 200
    assert [line["status"] for line in model.log()] == [200, 304, 304]
    assert model.charged() == 1


def test_what_does_not_exist_is_missing_twice(model, daemon):
    assert twice(model, daemon.url, "missing") == {"status": 404, "message": "Not Found"}


def test_a_renamed_repository_is_followed(model, daemon):
    model.control("create?repo=octo-org/before&issues=3")
    model.control("rename?repo=octo-org/before&to=after")
    assert twice(model, daemon.url, "renamed") == "octo-org/after"


def test_a_graphql_query_is_asked_once(model, base_url):
    for _ in range(2):
        assert play(base_url, "graphql") == "octocat"
    assert model.calls() == 1
    assert {line["target"] for line in model.log()} == {"/graphql"}


def test_a_mutation_goes_through_with_our_urls_in_its_answer(model, daemon):
    seen = play(daemon.url, "create")
    assert seen == {"status": 201, "url": f"{daemon.url}/repos/octo-org/widgets/issues/131"}
