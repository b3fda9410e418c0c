# SPDX-License-Identifier: Apache-2.0 OR MIT
"""When GitHub says no, or says nothing: what may still be served, and what must not."""

import concurrent.futures
import json
import time

import pytest

import harness
from harness import TOKEN

WIDGETS = "/repos/octo-org/widgets"
SECRET = "/repos/octo-org/secret"
NO_CACHE = {"Cache-Control": "no-cache"}


def exhaust(daemon, model):
    """The model counts for whom it has seen; so it sees the caller once, for something that no test asks for."""
    assert daemon.ask("/repos/octocat/Hello-World/labels", TOKEN).status == 200
    model.control("limit?principal=user:octocat&remaining=0")


def test_with_the_limit_exhausted_what_is_cached_is_still_answered(daemon, model):
    paths = [WIDGETS, SECRET + "/issues"]
    expected = {path: daemon.ask(path, TOKEN).body for path in paths}
    model.control("limit?principal=user:octocat&remaining=0")
    for path in paths:
        fresh = daemon.ask(path, TOKEN)
        assert (fresh.status, fresh.detail, fresh.body) == (200, "fresh", expected[path])
        # Asked to check, GitHub refuses: better what we have than nothing, and we say that it was not checked.
        stale = daemon.ask(path, TOKEN, headers=NO_CACHE)
        assert (stale.status, stale.detail, stale.body) == (200, "stale", expected[path])
    # Once the budget is known to be used up, nobody asks any more.
    assert model.stats()["refused_primary_total"] == 1
    assert daemon.stats()["answered"]["stale"] == 2


@pytest.mark.parametrize("status", [403, 429])
def test_the_refusal_itself_reaches_the_caller_of_what_is_not_cached(daemon, model, status):
    model.control(f"mode?primary_status={status}")
    exhaust(daemon, model)
    # GitHub's own, and then ours: it is known that GitHub would refuse again.
    for expected, detail in ((status, "fetched"), (429, "limited"), (429, "limited")):
        refused = daemon.ask(WIDGETS, TOKEN)
        assert refused.status == expected and "rate limit exceeded" in refused.json()["message"]
        assert refused.headers["X-RateLimit-Remaining"] == "0" and refused.headers["X-RateLimit-Reset"]
        assert refused.detail == detail
        assert model.calls() == 2
    assert int(refused.headers["Retry-After"]) > 0


def test_a_secondary_limit_is_passed_on_with_its_retry_after(daemon, model):
    body = daemon.ask(WIDGETS, TOKEN).body
    model.control("refuse?principal=user:octocat")
    refused = daemon.ask(WIDGETS + "/issues", TOKEN)
    assert refused.status == 403 and int(refused.headers["Retry-After"]) > 0
    assert daemon.ask(WIDGETS, TOKEN, headers=NO_CACHE).body == body


def test_ghmesh_api_says_by_its_exit_code_that_the_limit_is_reached(daemon, model):
    assert daemon.command("api", WIDGETS, token=TOKEN).returncode == 0
    model.control("limit?principal=user:octocat&remaining=0")
    assert daemon.command("api", WIDGETS, token=TOKEN).stdout == model.expect(WIDGETS)[2]
    done = daemon.command("api", WIDGETS + "/issues", token=TOKEN)
    assert done.returncode == 5 and b"rate limit exceeded" in done.stderr


def test_another_credential_is_not_limited_with_the_first(daemon, model):
    exhaust(daemon, model)
    assert daemon.ask(WIDGETS, TOKEN).status == 403
    assert daemon.ask(WIDGETS, "ghp_model_monalisa_1").status == 200


@pytest.mark.parametrize("path", [SECRET, SECRET + "/issues", SECRET + "/issues/1"])
def test_access_that_was_withdrawn_is_gone_with_the_next_check_and_stays_gone(daemon, model, path):
    assert daemon.ask(path, TOKEN).status == 200
    model.control(f"revoke?repo=octo-org/secret&token={TOKEN}")
    assert model.expect(path)[0] == 404
    checked = daemon.ask(path, TOKEN, headers=NO_CACHE)
    assert (checked.status, checked.body) == (404, model.expect(path)[2])
    for headers in ({}, {"Cache-Control": "max-stale=1000000"}, {"Cache-Control": "only-if-cached"},
                    {"X-GH-CACHE-TTL": "1h"}):
        answer = daemon.ask(path, TOKEN, headers=headers)
        assert answer.status in (404, 504), headers
    model.control(f"fault?kind=503&path={path}&count=5")
    assert daemon.ask(path, TOKEN, headers=NO_CACHE).status in (404, 503)


def test_withdrawn_access_does_not_come_back_from_the_disk(folder, daemon, model):
    """Whoever was told 404 must not be served what was there before, however soon after it the daemon was killed."""
    path = SECRET + "/issues"
    assert daemon.ask(path, TOKEN).status == 200
    harness.wait_until(lambda: daemon.stats()["cache"]["entries"] == 1)
    model.control(f"revoke?repo=octo-org/secret&token={TOKEN}")
    assert daemon.ask(path, TOKEN, headers=NO_CACHE).status == 404
    daemon.kill()
    again = harness.Daemon(folder, model.url)
    assert again.ask(path, TOKEN).status == 404
    assert again.stop() == 0


def test_a_revoked_token_is_told_so_with_the_next_check(daemon, model):
    assert daemon.ask(SECRET, TOKEN).status == 200
    model.control(f"revoke?token={TOKEN}")
    assert daemon.ask(SECRET, TOKEN, headers=NO_CACHE).status == 401
    assert daemon.ask(SECRET, TOKEN).status == 401
    # The same user's other token is another credential: it proves itself.
    assert daemon.ask(SECRET, "ghp_model_octocat_2").status == 200


def test_a_repository_that_was_blocked_is_not_served_after_the_check(daemon, model):
    assert daemon.ask(WIDGETS, TOKEN).status == 200
    model.control("block?repo=octo-org/widgets")
    assert daemon.ask(WIDGETS, TOKEN, headers=NO_CACHE).status == 451 == daemon.ask(WIDGETS, TOKEN).status


def test_with_the_upstream_down_fresh_answers_go_on_and_the_unseen_is_502(daemon, model):
    body = daemon.ask(SECRET, TOKEN).body
    model.kill()
    served = daemon.ask(SECRET, TOKEN)
    assert (served.status, served.detail, served.body) == (200, "fresh", body)
    for method, path in (("GET", WIDGETS), ("POST", WIDGETS + "/issues")):
        broken = daemon.ask(path, TOKEN, method=method, body="{}" if method == "POST" else None)
        assert broken.status == 502 and broken.json()["message"].startswith("ghmesh: ")
        assert broken.headers["Content-Type"].startswith("application/json")
    # Private, and asked to check: access may have been withdrawn meanwhile.
    assert daemon.ask(SECRET, TOKEN, headers=NO_CACHE).status == 502
    assert daemon.stats()["upstream"]["failed"] == 3


def test_an_operator_may_choose_stale_private_answers_over_none(folder, model):
    daemon = harness.Daemon(folder, model.url, "--stale-if-error")
    body = daemon.ask(SECRET, TOKEN).body
    model.kill()
    served = daemon.ask(SECRET, TOKEN, headers=NO_CACHE)
    assert (served.status, served.detail, served.body) == (200, "stale", body)
    assert daemon.stop() == 0


@pytest.mark.parametrize("kind", ["500", "502", "503", "reset", "truncated"])
def test_a_broken_answer_is_never_kept(daemon, model, kind):
    model.control(f"fault?kind={kind}&path={WIDGETS}")
    broken = daemon.ask(WIDGETS, TOKEN)
    assert broken.status == (int(kind) if kind.isdigit() else 502)
    assert daemon.ask(WIDGETS, TOKEN).body == model.expect(WIDGETS)[2]


def test_a_body_that_breaks_off_on_its_way_through_is_not_taken_for_whole(daemon, model):
    path = WIDGETS + "/readme"
    model.control(f"fault?kind=truncated&path={path}")
    connection = daemon.connection()
    with pytest.raises((harness.http.client.HTTPException, ConnectionError)):
        answer = harness.ask(connection, path, TOKEN, headers={"Accept": "application/vnd.github.raw+json"})
        if answer.status == 502:  # found out before anything was sent
            raise harness.http.client.HTTPException
    connection.close()


def test_a_rotated_token_proves_what_is_known_for_free(daemon, model):
    body = daemon.ask(SECRET, TOKEN).body
    charged = model.charged()
    again = daemon.ask(SECRET, "ghp_model_octocat_2")
    assert (again.detail, again.body) == ("proven", body)
    assert model.charged() == charged
    stranger = daemon.ask(SECRET, "ghp_model_hubot_1")
    assert stranger.status == 404 and json.loads(stranger.body)["message"] == "Not Found"


def test_told_to_wait_by_a_secondary_limit_no_caller_makes_github_punish_us(daemon, model):
    """Forty callers, some patient and some not, through a limit and past its end."""
    paths = [f"{WIDGETS}/issues/{number}" for number in range(1, 41)]
    kept = {path: daemon.ask(path, TOKEN).body for path in paths[:20]}
    model.control("mode?retry_after=3")
    model.control("refuse?principal=user:octocat")
    assert daemon.ask(paths[-1], TOKEN).status == 403  # told once, and the model counts even that
    punishable = model.stats()["punishable_total"]
    give_up_at = time.monotonic() + 8

    def insist(path):
        """As tools do that retry: at once, or when they are told to; until they have it."""
        while time.monotonic() < give_up_at:
            answer = daemon.ask(path, TOKEN, headers=NO_CACHE if path in kept else {})
            if answer.status == 200:
                if path in kept:
                    assert answer.body == kept[path]
                if answer.detail != "stale":
                    return True
            else:
                assert answer.status in (403, 429) and int(answer.headers["Retry-After"]) > 0
            time.sleep(0.05)
        return False
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        assert all(pool.map(insist, paths))
    stats = model.stats()
    assert (stats["punishable_total"], stats["refused_secondary_total"]) == (punishable, 1)


def test_with_the_budget_used_up_every_read_that_is_held_is_answered_and_github_is_left_alone(daemon, model):
    paths = [WIDGETS, WIDGETS + "/issues", WIDGETS + "/pulls", SECRET, SECRET + "/issues", "/user"]
    expected = {path: daemon.ask(path, TOKEN).body for path in paths}
    model.control("limit?principal=user:octocat&remaining=0")
    for _ in range(50):
        for path in paths:
            answer = daemon.ask(path, TOKEN, headers=NO_CACHE)
            assert (answer.status, answer.body, answer.detail) == (200, expected[path], "stale")
            assert answer.headers["X-RateLimit-Remaining"] == "0"
    stats = model.stats()
    assert stats["refused_primary_total"] == 1 and stats["punishable_total"] == 0
