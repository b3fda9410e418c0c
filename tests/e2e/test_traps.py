# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What caches of GitHub's API get wrong, one test each, where no other file has it: see docs/traps.md."""

import json
import subprocess

import pytest

import harness
import mesh
from harness import TOKEN

WIDGETS = "/repos/octo-org/widgets"
BACKGROUND = {"Priority": "u=7"}


def test_trap_12_nodes_leave_the_last_of_their_common_budget_to_those_who_wait(tmp_path, model):
    secret = mesh.new_secret(tmp_path / "swarm.secret")
    first = mesh.Node(tmp_path / "a", model.url, secret)
    second = mesh.Node(tmp_path / "b", model.url, secret, peers=[first.multiaddr])
    try:
        mesh.until(lambda: len(first.members()) == 1 == len(second.members()))
        connection = model.connection()  # the model counts for whom it has seen
        harness.ask(connection, "/user", TOKEN)
        connection.close()
        model.control("limit?principal=user:octocat&remaining=200")  # of 5,000: less than a twentieth
        first.ask(WIDGETS, TOKEN)
        mesh.until(lambda: any(each["remaining"] < 200 for each in second.swarm_stats()["budgets"]))
        # The second has asked GitHub nothing, and knows: what nobody waits for is not asked.
        held_back = second.ask(WIDGETS + "/issues", TOKEN, headers=BACKGROUND)
        assert (held_back.status, held_back.detail) == (429, "limited")
        assert second.ask(WIDGETS + "/issues", TOKEN).detail == "fetched"
    finally:
        for node in (first, second):
            assert node.stop() == 0


def test_trap_20_each_asks_for_a_token_of_its_own(daemon, model):
    path, jwt = "/app/installations/7/access_tokens", "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiI3In0.x"
    for permissions in ({"contents": "read"}, {"contents": "write"}, {"contents": "write"}):
        answer = daemon.ask(path, method="POST", body=json.dumps({"permissions": permissions}),
                            headers={"Authorization": f"Bearer {jwt}"})
        assert (answer.status, answer.detail) == (201, "passed")
        assert answer.json()["token"]
    assert model.calls() == 3


def test_trap_26_no_token_is_ever_added(folder, model):
    own = {"GH_TOKEN": TOKEN, "GITHUB_TOKEN": TOKEN}
    daemon = harness.Daemon(folder, model.url, env=own)
    assert daemon.ask("/repos/octo-org/secret").status == 404
    assert daemon.ask("/user").status == 401
    assert daemon.ask("/repos/octo-org/secret", TOKEN).status == 200
    assert daemon.ask("/repos/octo-org/secret").status == 404
    assert daemon.stop() == 0


def test_trap_28_a_thousand_answers_are_one_file(daemon):
    daemon.ask(WIDGETS, TOKEN)
    files = sorted(path.name for path in (daemon.folder / "cache").rglob("*"))
    for number in range(1, 121):
        assert daemon.ask(f"{WIDGETS}/issues/{number}", TOKEN).status == 200
    assert sorted(path.name for path in (daemon.folder / "cache").rglob("*")) == files


def test_trap_31_who_can_only_dial_out_shares_all_the_same(tmp_path, model):
    secret = mesh.new_secret(tmp_path / "swarm.secret")
    known = mesh.Node(tmp_path / "a", model.url, secret)
    runner = mesh.Node(tmp_path / "b", model.url, secret, peers=[known.multiaddr])
    try:
        mesh.until(lambda: len(known.members()) == 1 == len(runner.members()))
        assert [peer["direction"] for peer in known.members()] == ["in"]  # nobody has dialed the runner
        assert runner.ask(WIDGETS, TOKEN).detail == "fetched"
        mesh.until(lambda: known.seen()["heard"] >= 1)
        assert known.ask(WIDGETS, TOKEN).status == 200
        assert known.ask(WIDGETS + "/issues", TOKEN).detail == "fetched"
        mesh.until(lambda: runner.seen()["heard"] >= 1)
        assert runner.ask(WIDGETS + "/issues", TOKEN).status == 200
        assert model.charged() == 2  # each of the two was fetched once for both
    finally:
        for node in (known, runner):
            assert node.stop() == 0


def test_trap_33_a_question_starts_one_process_and_no_other(daemon):
    traced = subprocess.run(["strace", "-f", "-e", "trace=execve", harness.GHMESH, "api", WIDGETS],
                            env=harness.environment(GHMESH_SOCKET=daemon.socket, GH_TOKEN=TOKEN,
                                                    ASAN_OPTIONS="detect_leaks=0"),
                            capture_output=True, timeout=60)
    assert traced.returncode == 0 and traced.stderr.count(b"execve(") == 1


def test_trap_34_without_a_token_a_304_costs_so_what_is_fresh_is_not_asked(daemon, model):
    first = daemon.ask(WIDGETS)
    assert first.status == 200
    for _ in range(5):
        assert daemon.ask(WIDGETS).detail == "fresh"
    assert model.charged() == 1
    assert daemon.ask(WIDGETS, headers={"Cache-Control": "no-cache"}).detail == "revalidated"
    assert model.charged() == 2  # GitHub counts it for those without a credential
    model.control("limit?principal=address:127.0.0.1&remaining=0")
    stale = daemon.ask(WIDGETS, headers={"Cache-Control": "no-cache"})
    assert (stale.status, stale.detail, stale.body) == (200, "stale", first.body)


@pytest.mark.parametrize("spelling", ["token {}", "Bearer {}", "bearer {}", "Basic"])
def test_trap_2_a_long_token_is_one_principal_in_every_spelling(daemon, model, spelling):
    import base64
    token = "ghs_model_octo-org.secret_" + "1" * 494
    assert len(token) == 520
    model.control(f"token?token={token}&user=octocat")
    assert daemon.ask(WIDGETS, token).status == 200
    value = (base64.b64encode(f"x-access-token:{token}".encode()).decode() if spelling == "Basic" else token)
    headers = {"Authorization": f"Basic {value}" if spelling == "Basic" else spelling.format(value)}
    assert daemon.ask(WIDGETS, headers=headers).detail == "fresh"
