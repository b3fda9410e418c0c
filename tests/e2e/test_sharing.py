# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What several credentials may share, and on whose word: nothing without a proof, a group by the operator's, what is
public by the repository's own."""

import pytest

import harness

WIDGETS = "/repos/octo-org/widgets"
SECRET = "/repos/octo-org/secret/issues/1"
OCTOCAT, OCTOCAT_TOO, MONALISA = "ghp_model_octocat_1", "ghp_model_octocat_2", "ghp_model_monalisa_1"
STRANGER = "ghp_model_stranger_1"


@pytest.fixture
def model(tmp_path):
    server = harness.Model(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def start(tmp_path, model):
    """Starts a daemon in the same folders as often as it is called; the last one is stopped."""
    running = []

    def start_daemon(*options, config=None):
        while running:
            running.pop().kill()
        if config is not None:
            (tmp_path / "ghmesh.toml").write_text(config)
            options = (*options, "--config", tmp_path / "ghmesh.toml")
        running.append(harness.Daemon(tmp_path, model.url, *options))
        return running[-1]

    yield start_daemon
    for daemon in running:
        assert daemon.stop() == 0


def test_anothers_body_is_served_after_a_free_proof(start, model):
    daemon = start()
    first = daemon.ask(SECRET, OCTOCAT)
    charged = model.charged()
    second = daemon.ask(SECRET, MONALISA)
    assert (second.status, second.body, second.detail) == (200, first.body, "proven")
    assert model.charged() == charged


def test_anothers_body_is_not_served_without_the_proof(start):
    daemon = start()
    assert daemon.ask(SECRET, OCTOCAT).status == 200
    refused = daemon.ask(SECRET, STRANGER)
    assert refused.status == 404
    assert daemon.ask(SECRET, OCTOCAT).detail == "fresh"  # a stranger's 404 takes nothing from the owner


def test_with_candidates_off_nobody_is_helped(start, model):
    daemon = start("--candidates", "off")
    daemon.ask(SECRET, OCTOCAT)
    charged = model.charged()
    assert daemon.ask(SECRET, MONALISA).detail == "fetched"
    assert model.charged() == charged + 1


def test_trap_2_a_rotated_token_after_a_restart_is_free_with_candidates_on_disk(start, model):
    daemon = start("--candidates", "disk", "--durability", "durable")
    body = daemon.ask(SECRET, OCTOCAT).body
    daemon = start("--candidates", "disk")
    charged = model.charged()
    answer = daemon.ask(SECRET, OCTOCAT_TOO)
    assert (answer.body, answer.detail) == (body, "proven")
    assert model.charged() == charged
    daemon = start("--candidates", "memory")
    assert daemon.ask(WIDGETS, OCTOCAT).detail == "fetched"


def test_a_group_is_one_principal(start, model, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{OCTOCAT}\n{OCTOCAT_TOO}\n")
    config = f'[[group]]\nname = "jobs"\ntoken_files = ["{tokens}"]\n'
    daemon = start("--durability", "durable", config=config)
    daemon.ask(SECRET, OCTOCAT)
    calls = model.calls()
    assert daemon.ask(SECRET, OCTOCAT_TOO).detail == "fresh"
    assert model.calls() == calls
    assert daemon.ask(SECRET, STRANGER).status == 404
    daemon = start(config=config)  # the group's partition outlives the process
    assert daemon.ask(SECRET, OCTOCAT_TOO).detail == "fresh"


@pytest.mark.parametrize("options, detail", [((), "proven"), (("--share-public",), "fresh")])
def test_what_is_proven_public_is_everybodys_only_if_the_operator_says_so(start, options, detail):
    daemon = start(*options)
    assert daemon.ask(f"{WIDGETS}/issues/2").detail == "fetched"  # without a credential: proven public
    assert daemon.ask(f"{WIDGETS}/issues/2", MONALISA).detail == detail


def test_a_private_repository_is_never_everybodys(start):
    daemon = start("--share-public")
    assert daemon.ask("/repos/octo-org/secret", OCTOCAT).status == 200  # says "private": true
    assert daemon.ask("/repos/octo-org/secret/commits", OCTOCAT).status == 200
    assert daemon.ask("/repos/octo-org/secret/commits", STRANGER).status == 404
    assert daemon.ask("/repos/octo-org/secret/commits").status == 404


def test_a_public_repository_shares_what_does_not_depend_on_who_asks(start, model):
    daemon = start("--share-public")
    daemon.ask(WIDGETS, OCTOCAT)  # says "private": false
    daemon.ask(f"{WIDGETS}/commits", OCTOCAT)
    calls = model.calls()
    assert daemon.ask(f"{WIDGETS}/commits", MONALISA).detail == "fresh"
    assert model.calls() == calls
    # The repository object names the viewer's permissions: not shared on anybody's word but its own 304.
    assert daemon.ask(WIDGETS, MONALISA).detail in ("proven", "fetched")
