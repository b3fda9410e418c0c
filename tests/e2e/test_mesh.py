# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Daemons of one swarm in front of one model of GitHub: what is charged, what is shared, and what is not."""
import json
import subprocess
import time

import pytest

import harness
import mesh

OCTOCAT = "ghp_model_octocat_1"
JOBS = ["ghp_model_octocat_1", "ghp_model_octocat_2", "ghp_model_monalisa_1"]
WIDGETS = "/repos/octo-org/widgets"


@pytest.fixture
def model(tmp_path):
    server = harness.Model(tmp_path, "--latency", "20ms")
    yield server
    server.stop()


@pytest.fixture
def start(tmp_path, model):
    swarms = []

    def start_swarm(count=3, *options, **more):
        swarms.append(mesh.Swarm(tmp_path, model.url, count, *options, **more))
        return swarms[-1]

    yield start_swarm
    for swarm in swarms:
        swarm.stop()


def urls(count):
    return [f"{WIDGETS}/issues?per_page={size}" for size in range(1, count + 1)]


def test_a_cold_swarm_asks_once_for_each_url(start, model):
    swarm = start()
    before = model.charged()
    bodies = []
    for url in urls(100):
        answers = swarm.ask_all(url, [OCTOCAT] * 3)
        assert len({answer.body for answer in answers}) == 1 and answers[0].status == 200
        bodies.append(answers[0].body)
    assert 100 <= model.charged() - before <= 100 + swarm.silent_count()
    # Each of them is as GitHub gave it.
    for url, body in zip(urls(100), bodies):
        assert model.expect(url, OCTOCAT)[2] == body


def test_a_peers_answer_costs_no_call_at_all(start, model):
    swarm = start()
    first = swarm.nodes[0].ask(WIDGETS, OCTOCAT)
    calls = model.calls()
    for node in swarm.nodes[1:]:
        mesh.until(lambda: node.ask(WIDGETS, OCTOCAT).detail == "peer")
        assert node.ask(WIDGETS, OCTOCAT).body == first.body
    # The first claims of a member are audited behind the callers' backs, which is free.
    assert model.charged() == 1
    assert model.calls() - calls <= 2


def test_in_verify_mode_the_first_answer_costs_one_free_304(start, model):
    swarm = start(2, "--trust", "verify")
    swarm.nodes[0].ask(WIDGETS, OCTOCAT)
    calls = model.calls()
    time.sleep(0.5)
    answer = swarm.nodes[1].ask(WIDGETS, OCTOCAT)
    assert (answer.status, answer.detail) == (200, "proven")
    assert model.calls() - calls == 1 and model.charged() == 1
    assert swarm.nodes[1].ask(WIDGETS, OCTOCAT).detail == "fresh"


def test_after_a_change_one_call_is_charged(start, model):
    swarm = start()
    swarm.ask_all(WIDGETS, [OCTOCAT] * 3)
    before = model.charged()
    model.control(f"change?path={WIDGETS}")
    fresh = swarm.nodes[0].ask(WIDGETS, OCTOCAT, headers={"Cache-Control": "no-cache"})
    assert fresh.body == model.expect(WIDGETS, OCTOCAT)[2]
    for node in swarm.nodes[1:]:
        mesh.until(lambda: node.ask(WIDGETS, OCTOCAT).body == fresh.body)
    assert model.charged() - before == 1


def test_with_a_token_for_each_job_the_others_prove_it_for_free(start, model):
    swarm = start()
    paths = urls(20)
    for path in paths:
        answers = swarm.ask_all(path, JOBS)
        assert {answer.status for answer in answers} == {200}
        assert len({answer.body for answer in answers}) == 1
    assert model.charged() == 20


def test_after_a_change_the_other_jobs_prove_it_for_free(start, model):
    swarm = start()
    swarm.ask_all(WIDGETS, JOBS)
    model.control(f"change?path={WIDGETS}")
    before = model.charged()
    fresh = swarm.nodes[0].ask(WIDGETS, JOBS[0], headers={"Cache-Control": "no-cache"})
    for node, token in zip(swarm.nodes[1:], JOBS[1:]):
        # What they hold themselves is fresh, and older than what the first has told them.
        mesh.until(lambda: node.ask(WIDGETS, JOBS[0], headers={"Cache-Control": "only-if-cached"}).body == fresh.body)
        answer = node.ask(WIDGETS, token, headers={"Cache-Control": "no-cache"})
        assert (answer.detail, answer.body) == ("proven", fresh.body)
    assert model.charged() - before == 1


def test_a_write_through_one_node_is_seen_through_all(start, model):
    swarm = start()
    issue = f"{WIDGETS}/issues/1"
    swarm.ask_all(issue, [OCTOCAT] * 3)
    patched = swarm.nodes[0].ask(issue, OCTOCAT, method="PATCH", body=json.dumps({"title": "said anew"}),
                                 headers={"Content-Type": "application/json"})
    assert patched.status == 200
    for node in swarm.nodes[1:]:
        mesh.until(lambda: node.ask(issue, OCTOCAT).json()["title"] == "said anew", seconds=2)


def test_trap_32_a_body_that_is_too_large_to_be_told_is_fetched(start, model):
    swarm = start(2)
    path = f"{WIDGETS}/issues?per_page=100&state=all"
    first = swarm.nodes[0].ask(path, OCTOCAT)
    charged = model.charged()
    mesh.until(lambda: swarm.nodes[1].ask(path, OCTOCAT).detail in ("peer", "fresh"))
    assert swarm.nodes[1].ask(path, OCTOCAT).body == first.body
    assert model.charged() == charged


def test_trap_3_an_outsider_sees_nothing(start, model, tmp_path):
    swarm = start(2)
    other = mesh.new_secret(tmp_path / "other" / "swarm.secret")
    outsider = mesh.Node(tmp_path / "outsider", model.url, other, peers=[swarm.nodes[0].multiaddr])
    try:
        swarm.nodes[0].ask(WIDGETS, OCTOCAT)
        time.sleep(1)
        assert outsider.members() == []
        assert len(swarm.nodes[0].members()) == 1
        before = model.charged()
        assert outsider.ask(WIDGETS, OCTOCAT).detail == "fetched"
        assert model.charged() == before + 1
    finally:
        assert outsider.stop() == 0


def test_a_node_that_is_killed_comes_back_and_is_warm(start, model):
    swarm = start()
    for path in urls(20):
        swarm.nodes[0].ask(path, OCTOCAT)
    swarm.nodes[2].kill()
    charged = model.charged()
    newcomer = mesh.Node(swarm.folder / "newcomer", model.url, swarm.secret, peers=[swarm.nodes[1].multiaddr])
    try:
        mesh.until(lambda: len(newcomer.members()) == 2)
        mesh.until(lambda: newcomer.ask(urls(20)[0], OCTOCAT).detail == "peer")
        for path in urls(20):
            assert newcomer.ask(path, OCTOCAT).detail == "peer"
        assert model.charged() == charged
    finally:
        assert newcomer.stop() == 0
    swarm.nodes[2] = mesh.Node(swarm.folder / "node2", model.url, swarm.secret, peers=[swarm.nodes[0].multiaddr])
    swarm.connect()


def test_trap_30_members_find_each_other_by_a_shared_directory(tmp_path, model):
    secret = mesh.new_secret(tmp_path / "swarm.secret")
    (tmp_path / "shared").mkdir()
    nodes = [mesh.Node(tmp_path / f"node{i}", model.url, secret, "--peer-directory", tmp_path / "shared")
             for i in range(2)]
    try:
        mesh.until(lambda: all(len(node.members()) == 1 for node in nodes), seconds=30)
        for file in (tmp_path / "shared").iterdir():
            assert b"127.0.0.1" not in file.read_bytes()
        assert model.calls() == 0  # GitHub is nobody's meeting place
    finally:
        for node in nodes:
            assert node.stop() == 0


def test_peers_and_stats_of_the_swarm(start):
    swarm = start(2)
    swarm.nodes[0].ask(WIDGETS, OCTOCAT)
    mesh.until(lambda: swarm.nodes[1].ask(WIDGETS, OCTOCAT).detail == "peer")
    shown = swarm.nodes[1].command("peers", "--json")
    peers = json.loads(shown.stdout)
    assert peers["self"]["id"] != peers["peers"][0]["id"] and peers["peers"][0]["heard"] > 0
    pinged = swarm.nodes[1].command("ping", peers["peers"][0]["id"])
    assert pinged.returncode == 0, pinged.stderr
    stats = swarm.nodes[1].swarm_stats()
    assert len(stats["nodes"]) == 2 and stats["budgets"][0]["resource"] == "core"
    assert b"peer" in swarm.nodes[1].command("stats", "--swarm").stdout.lower()


def test_known_members_survive_a_restart(start, model):
    swarm = start(3)
    last = swarm.nodes[2]
    time.sleep(0.5)  # everybody has told where it is
    assert last.stop() == 0
    again = mesh.Node(last.folder, model.url, swarm.secret)  # and nobody is named
    swarm.nodes[2] = again
    swarm.connect()


def test_a_carried_list_of_peers_leads_to_the_swarm(start, model, tmp_path):
    carried = tmp_path / "peers"
    swarm = start(2, "--peer-list-file", carried)
    mesh.until(carried.exists)
    assert swarm.nodes[0].stop() == 0  # writes what it knows at its end
    assert b"127.0.0.1" not in carried.read_bytes()
    newcomer = mesh.Node(tmp_path / "newcomer", model.url, swarm.secret, "--peer-list-file", carried)
    try:
        mesh.until(lambda: len(newcomer.members()) == 1)
    finally:
        assert newcomer.stop() == 0


def test_a_rotated_secret_keeps_the_swarm_together(tmp_path, model):
    """Each of two nodes is told the next secret in its turn, and they are never apart."""
    folders = [tmp_path / "one", tmp_path / "two"]
    first = mesh.new_secret(tmp_path / "first.secret")
    nodes = []
    try:
        for folder in folders:
            folder.mkdir()
            variables = {"XDG_STATE_HOME": str(folder / "state"), "XDG_RUNTIME_DIR": str(folder),
                         "XDG_CONFIG_HOME": str(folder / "config")}
            subprocess.run([harness.GHMESH, "swarm", "join", first], check=True, capture_output=True,
                           env=harness.environment(**variables))
            peers = ["--peer", nodes[0].lines["p2p"][0]] if nodes else []
            nodes.append(harness.Daemon(folder, model.url, "--p2p-listen", "/ip4/127.0.0.1/tcp/0", *peers))

        def members(node):
            return [peer for peer in node.ask_admin("/api/v1/peers").json()["peers"] if peer["admitted"]]

        def shares(path):
            body = nodes[0].ask(path, OCTOCAT).body
            charged = model.charged()
            mesh.until(lambda: nodes[1].ask(path, OCTOCAT).detail == "peer")
            assert nodes[1].ask(path, OCTOCAT).body == body and model.charged() == charged

        mesh.until(lambda: all(len(members(node)) == 1 for node in nodes))
        shares(f"{WIDGETS}/issues/1")
        done = nodes[0].command("swarm", "rotate")
        assert done.returncode == 0, done.stderr
        assert all(len(members(node)) == 1 for node in nodes)
        second = tmp_path / "second.secret"
        second.write_bytes(done.stdout)
        second.chmod(0o600)
        done = nodes[1].command("swarm", "rotate", second)
        assert done.returncode == 0, done.stderr
        assert all(len(members(node)) == 1 for node in nodes)
        time.sleep(1.2)  # gossip grafts the new topics
        shares(f"{WIDGETS}/issues/2")
    finally:
        for node in nodes:
            assert node.stop() == 0
