# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Lists of several pages: what a 304 does not say, and walks whose pages belong together."""

import json

from harness import TOKEN

ISSUES = "/repos/octo-org/widgets/issues?state=all&sort=created&direction=asc&per_page=65"
NO_CACHE = {"Cache-Control": "no-cache"}
WALK = {"Ghmesh-Walk": "consistent"}


def walk(daemon, path, headers=None):
    """Follows rel=next as clients do; (number of pages, every issue's number)."""
    pages, numbers = 0, []
    while path:
        answer = daemon.ask(path, TOKEN, headers=headers)
        assert answer.status == 200
        pages += 1
        numbers += [issue["number"] for issue in answer.json()]
        links = dict(reversed(part.strip().split("; ")) for part in answer.headers.get("Link", "").split(",") if part)
        path = links.get('rel="next"', "").strip("<>").removeprefix("https://api.github.com")
    return pages, numbers


def add_issue(daemon, model, title="one more"):
    """Behind the daemon's back: with another token, straight to the model."""
    import harness
    connection = model.connection()
    answer = harness.ask(connection, "/repos/octo-org/widgets/issues", "ghp_model_monalisa_1", method="POST",
                         body=json.dumps({"title": title}), headers={"Content-Type": "application/json"})
    connection.close()
    assert answer.status == 201, answer.body
    return answer.json()["number"]


def test_trap_7_a_full_last_page_that_has_grown_is_seen_to_have_a_next_one(daemon, model):
    pages, before = walk(daemon, ISSUES)
    assert (pages, len(before)) == (2, 130)  # two full pages: the 304 of either says nothing about a third
    new = add_issue(daemon, model)
    pages, after = walk(daemon, ISSUES, NO_CACHE)
    assert (pages, after) == (3, before + [new])


def test_trap_7_asking_whether_a_full_last_page_has_grown_is_free(daemon, model):
    pages, before = walk(daemon, ISSUES)
    charged = model.charged()
    for _ in range(3):
        assert walk(daemon, ISSUES, NO_CACHE) == (2, before)
    assert model.charged() == charged


def test_trap_7_a_page_that_is_not_full_needs_no_second_question(daemon, model):
    path = ISSUES.replace("per_page=65", "per_page=100")
    walk(daemon, path)
    calls = model.calls()
    walk(daemon, path, NO_CACHE)
    assert model.calls() == calls + 2


def test_pages_of_a_consistent_walk_are_of_one_time(daemon, model):
    path = ISSUES.replace("direction=asc", "direction=desc").replace("per_page=65", "per_page=50")
    _, before = walk(daemon, path)
    new = add_issue(daemon, model)  # every issue moves by one
    # Unasked, pages that are fresh are of their own times: what GitHub itself would show to a slow reader.
    assert walk(daemon, path)[1] == before
    pages, after = walk(daemon, path, WALK)
    assert after == [new] + before and pages == 3
    charged = model.charged()
    assert walk(daemon, path, WALK)[1] == after
    assert model.charged() == charged  # nothing has changed, and nothing was counted


def test_pages_and_sizes_that_are_the_default_are_one_entry(daemon, model):
    daemon.ask("/repos/octo-org/widgets/issues", TOKEN)
    calls = model.calls()
    for query in ("?page=1", "?per_page=30", "?page=1&per_page=30"):
        assert daemon.ask("/repos/Octo-Org/WIDGETS/issues" + query, TOKEN).detail == "fresh"
    assert model.calls() == calls
