# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Before and without GitHub: `ghmesh warm`, `--offline`, and answers that are a little past their time."""

import time

import pytest

import harness
from harness import TOKEN

WIDGETS = "/repos/octo-org/widgets"


def test_warm_asks_for_a_list_and_follows_its_pages(daemon, model, folder):
    (folder / "list").write_text(f"# for the bot\n{WIDGETS}\nhttps://api.github.com{WIDGETS}/issues?state=all\n\n"
                                 f"repos/octo-org/empty/issues\n/repos/octo-org/nowhere\n")
    done = daemon.command("warm", folder / "list", token=TOKEN)
    assert done.returncode == 0, done.stderr
    assert b"8 of 8" in done.stderr  # 130 issues are five pages of 30
    charged = model.charged()
    assert daemon.ask(WIDGETS + "/issues?state=all", TOKEN).detail == "fresh"
    again = daemon.command("warm", folder / "list", token=TOKEN)
    assert again.returncode == 0 and b"8 of 8" in again.stderr
    assert model.charged() <= charged + 1  # a 404 is kept for seconds only


def test_warm_knows_the_repositories_of_an_organization(daemon, model):
    done = daemon.command("warm", "--org", "octo-org", token=TOKEN)
    assert done.returncode in (0, 1), done.stderr
    for path in (WIDGETS, WIDGETS + "/issues", WIDGETS + "/pulls", WIDGETS + "/actions/runs"):
        assert daemon.ask(path, TOKEN).detail == "fresh", path


def test_warm_leaves_a_reserve_and_can_be_gone_on_with(daemon, model, folder):
    (folder / "list").write_text("".join(f"{WIDGETS}/issues/{number}\n" for number in range(1, 31)))
    daemon.ask("/user", TOKEN)
    model.control("limit?principal=user:octocat&remaining=1020")
    done = daemon.command("warm", folder / "list", "--reserve", 1010, "--jobs", 1, token=TOKEN)
    assert done.returncode == 5 and b"are left to others" in done.stderr, done.stderr
    asked = model.calls()
    assert asked < 20
    model.control("limit?principal=user:octocat&remaining=5000")
    daemon.ask("/user", TOKEN, headers={"Cache-Control": "no-cache"})
    done = daemon.command("warm", folder / "list", "--reserve", 1010, "--jobs", 1, token=TOKEN)
    assert done.returncode == 0, done.stderr
    assert model.stats()["charged_total"] <= 32


def test_warm_says_what_is_wrong(daemon, folder):
    assert daemon.command("warm", folder / "nowhere").returncode == 1
    assert daemon.command("warm").returncode == 1
    (folder / "list").write_text("/a b\n")
    assert daemon.command("warm", folder / "list").returncode == 1
    assert harness.subprocess.run([harness.GHMESH, "warm", "-", "--socket", folder / "none"], input=b"/user\n",
                                  env=harness.environment(), capture_output=True).returncode == 3


def test_offline_serves_what_there_is_and_says_its_age(folder, model):
    online = harness.Daemon(folder, model.url)
    body = online.ask(WIDGETS, TOKEN).body
    assert online.stop() == 0
    calls = model.calls()
    offline = harness.Daemon(folder, model.url, "--offline")
    time.sleep(1.1)
    for headers in ({}, {"Cache-Control": "no-cache"}, {"Cache-Control": "max-age=0"}):
        answer = offline.ask(WIDGETS, TOKEN, headers=headers)
        assert (answer.status, answer.body) == (200, body) and int(answer.headers["Age"]) >= 1
    for path, method, token in ((WIDGETS + "/issues", "GET", TOKEN), (WIDGETS + "/issues", "POST", TOKEN),
                                ("/rate_limit", "GET", TOKEN), (WIDGETS, "GET", "ghp_model_monalisa_1")):
        answer = offline.ask(path, token, method=method, body=b"{}" if method == "POST" else None)
        assert answer.status == 504 and "offline" in answer.json()["message"], path
    assert model.calls() == calls
    offline.assert_healthy()
    assert offline.stop() == 0


def test_a_little_past_its_time_it_is_served_at_once_and_asked_for_behind(folder, model):
    server = harness.Daemon(folder, model.url, "--stale-while-revalidate", 3600)
    path, gate = WIDGETS + "/labels", WIDGETS + "/pulls/1"
    # A negative answer lives for five seconds: what is past its time soon enough for a test.
    missing = WIDGETS + "/issues/99999"
    assert server.ask(missing, TOKEN).status == 404
    assert server.ask(path, TOKEN).status == 200
    time.sleep(5.5)
    calls = model.calls()
    assert server.ask(missing, TOKEN).detail == "stale"
    harness.wait_until(lambda: model.calls() == calls + 1)
    harness.wait_until(lambda: server.ask(missing, TOKEN).detail == "fresh")
    assert server.ask(path, TOKEN, headers={"Cache-Control": "no-cache"}).detail == "revalidated"
    assert server.ask(gate, TOKEN).detail == "fetched"
    server.assert_healthy()
    server.stop()


@pytest.mark.parametrize("value", ["-1", "x", "100000"])
def test_a_time_that_is_none_is_refused_at_the_start(folder, model, value):
    with pytest.raises(RuntimeError):
        harness.Daemon(folder, model.url, "--stale-while-revalidate", value)
