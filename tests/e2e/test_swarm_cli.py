# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`ghmesh swarm`, `peers` and `ping`, as people use them. A secret goes by files and pipes, and is nowhere else."""
import json
import os
import pty
import re
import stat
import subprocess

import pytest

import harness

SECRET = re.compile(r"ghs1-[a-z2-7]{58}")
FINGERPRINT = re.compile(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}")
PASSPHRASE = "vellum quartz trombone ossify glacier"


class Node:
    """The state of one node, and the command that works on it."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state" / "ghmesh"
        self.kept = self.state / "swarm.secret"

    def run(self, *arguments, given=None, check=True, env=None, **options):
        variables = harness.environment(HOME=self.folder, XDG_STATE_HOME=self.folder / "state",
                                        XDG_RUNTIME_DIR=self.folder, XDG_CONFIG_HOME=self.folder, **(env or {}))
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "timeout": 60, **options}
        if given is None:
            options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([harness.GHMESH, *map(str, arguments)], input=given, env=variables, **options)
        assert not check or done.returncode == 0, done.stderr
        return done

    def swarm(self, *arguments, **options):
        return self.run("swarm", *arguments, **options)

    def fingerprint(self, **options):
        return json.loads(self.swarm("show", "--json", **options).stdout)["swarm"]


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path / "one")


@pytest.fixture
def other(tmp_path):
    return Node(tmp_path / "other")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def new_secret(node):
    done = node.swarm("new")
    assert SECRET.fullmatch(done.stdout.rstrip("\n")) and done.stdout.count("\n") == 1 and done.stderr == ""
    return done.stdout.strip()


def test_a_new_secret_goes_into_a_file_that_only_its_owner_reads(node, tmp_path):
    old_mask = os.umask(0o022)
    try:
        with open(tmp_path / "secret", "w") as file:
            node.swarm("new", stdout=file)
    finally:
        os.umask(old_mask)
    assert mode_of(tmp_path / "secret") == 0o600
    assert SECRET.fullmatch((tmp_path / "secret").read_text().strip())
    assert node.swarm("join", tmp_path / "secret").returncode == 0


def test_two_nodes_of_one_secret_say_the_same_fingerprint(node, other):
    secret = new_secret(node)
    joined = node.swarm("join", given=secret + "\n")
    fingerprint = joined.stdout.split()[-1]
    assert joined.stdout == f"joined swarm {fingerprint}\n" and FINGERPRINT.fullmatch(fingerprint)
    assert joined.stderr == ""
    assert other.swarm("join", "-", given=secret).stdout == joined.stdout
    assert mode_of(node.kept) == 0o600 and mode_of(node.state) == 0o700
    shown = node.swarm("show")
    assert fingerprint in shown.stdout and str(node.state) in shown.stdout
    assert secret not in shown.stdout + shown.stderr
    assert node.swarm("show", "--reveal").stdout == secret + "\n"


def test_joining_twice_is_no_change_and_another_swarm_needs_force(node):
    first, second = new_secret(node), new_secret(node)
    node.swarm("join", given=first)
    assert node.swarm("join", given=first).stdout.startswith("already in swarm ")
    refused = node.swarm("join", given=second, check=False)
    assert refused.returncode == 1 and "--force" in refused.stderr
    assert node.swarm("show", "--reveal").stdout.strip() == first
    node.swarm("join", "--force", given=second)
    assert node.swarm("show", "--reveal").stdout.strip() == second


def test_a_secret_as_an_argument_is_refused_and_not_repeated(node):
    secret = new_secret(node)
    for command in ("join", "rotate"):
        node.swarm("join", "--force", given=secret)
        done = node.swarm(command, secret, check=False)
        assert done.returncode == 1 and "a secret is no argument" in done.stderr
        assert secret not in done.stdout + done.stderr


@pytest.mark.parametrize("spoil, words", [
    (lambda secret: secret[:40], "cut off"),
    (lambda secret: secret[:10] + ("b" if secret[10] == "a" else "a") + secret[11:], "typing error"),
    (lambda secret: secret + "aa", "more characters"),
    (lambda secret: "ghp_" + secret, "not a swarm secret"),
    (lambda secret: "", "empty"),
    (lambda secret: secret * 100, "more than 4096 bytes"),
])
def test_what_is_wrong_with_a_secret_is_said_without_it(node, spoil, words):
    secret = new_secret(node)
    done = node.swarm("join", given=spoil(secret), check=False)
    assert done.returncode == 1 and words in done.stderr and len(done.stderr.splitlines()) == 1
    assert secret[5:30] not in done.stdout + done.stderr
    assert not node.kept.exists()


def test_a_file_that_others_can_read_is_refused_as_ssh_does(node, tmp_path):
    file = tmp_path / "secret"
    file.write_text(new_secret(node))
    file.chmod(0o644)
    done = node.swarm("join", file, check=False)
    assert done.returncode == 1 and f"(mode 0644): run `chmod 600 {file}`" in done.stderr
    done = node.swarm("show", "--swarm-secret-file", file, check=False)
    assert done.returncode == 1 and "can be read by others" in done.stderr


def test_an_invitation_and_its_passphrase_make_one_swarm(node, other, tmp_path):
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE + "\n")
    passphrase.chmod(0o600)
    invitation = node.swarm("new", "--passphrase-file", passphrase).stdout.strip()
    assert re.fullmatch(r"ghp1-[a-z2-7]{32}", invitation)
    first = node.swarm("join", "-", "--passphrase-file", passphrase, given=invitation).stdout
    assert other.swarm("join", given=f"{invitation}\n{PASSPHRASE}\n").stdout == first
    assert "vellum" not in node.kept.read_text()
    done = node.swarm("show", "--reveal", check=False)
    assert done.returncode == 1 and "no secret to pass on" in done.stderr
    done = other.swarm("join", "--force", given=invitation, check=False)
    assert done.returncode == 1 and "passphrase" in done.stderr


def test_a_weak_passphrase_is_refused_with_the_reason(node):
    done = node.swarm("new", "--passphrase-file", "-", given="correct horse battery staple", check=False)
    assert done.returncode == 1 and done.stdout == "" and "can be guessed" in done.stderr
    assert "horse" not in done.stderr


def test_at_a_terminal_nothing_of_a_secret_is_shown(node):
    secret = new_secret(node)
    master, terminal = pty.openpty()
    process = subprocess.Popen([harness.GHMESH, "swarm", "join"], stdin=terminal, stdout=terminal, stderr=terminal,
                               env=harness.environment(HOME=node.folder, XDG_STATE_HOME=node.folder / "state",
                                                       XDG_RUNTIME_DIR=node.folder))
    os.close(terminal)
    shown = b""
    while b"not shown): " not in shown:
        shown += os.read(master, 1000)
    os.write(master, secret.encode() + b"\n")
    assert process.wait(timeout=30) == 0
    try:
        while part := os.read(master, 1000):
            shown += part
    except OSError:
        pass  # how a terminal says that everybody is gone
    os.close(master)
    assert b"joined swarm" in shown and secret[:12].encode() not in shown
    assert node.swarm("show", "--reveal").stdout.strip() == secret


def test_rotation_keeps_the_previous_secret_for_a_day(node, other):
    first = new_secret(node)
    for one in (node, other):
        one.swarm("join", given=first)
    old = node.fingerprint()
    rotated = node.swarm("rotate")
    following = rotated.stdout.strip()
    assert SECRET.fullmatch(following) and following != first
    assert old in rotated.stderr and first not in rotated.stderr and following not in rotated.stderr
    assert other.swarm("rotate", "-", given=following).stdout == ""
    assert node.fingerprint() == other.fingerprint() != old
    shown = json.loads(node.swarm("show", "--json").stdout)
    assert shown["rotates_here"] is True and shown["previous"]["swarm"] == old
    assert mode_of(node.kept) == 0o600
    assert node.kept.read_text().splitlines()[0] == following
    assert re.fullmatch(rf"previous \d+ {first}", node.kept.read_text().splitlines()[1])


def test_leaving_forgets_the_secret(node):
    node.swarm("join", given=new_secret(node))
    assert node.swarm("leave").stdout == "left the swarm\n"
    assert not node.kept.exists() and list(node.state.iterdir()) == []
    for command in ("leave", "show", "rotate"):
        assert node.swarm(command, check=False).returncode == 1


def test_the_stronger_source_is_used_and_said(node, tmp_path):
    kept, of_variable, of_credential = (new_secret(node) for _ in range(3))
    node.swarm("join", given=kept)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "ghmesh-swarm-secret").write_text(of_credential)
    prints = {node.fingerprint()}
    env = {"CREDENTIALS_DIRECTORY": credentials}
    assert "systemd credential" in node.swarm("show", env=env).stdout
    prints.add(node.fingerprint(env=env))
    env["GHMESH_SWARM_SECRET"] = of_variable
    assert "environment GHMESH_SWARM_SECRET" in node.swarm("show", env=env).stdout
    prints.add(node.fingerprint(env=env))
    assert len(prints) == 3
    rotated = node.swarm("rotate", env=env, check=False)
    assert rotated.returncode == 1 and "can only be changed there" in rotated.stderr
    assert "still taken from environment" in node.swarm("leave", env=env).stderr


def test_the_token_makes_a_swarm_only_when_asked(node):
    env = {"GH_TOKEN": "ghs_q8ZrT2mXw4Ld7Vb1Kc9Hs3Jn6Pf5Gy0AeUiO"}
    assert node.swarm("show", env=env, check=False).returncode == 1
    done = node.swarm("show", "--swarm-from-token", env=env)
    assert "GitHub token of GH_TOKEN" in done.stdout and "belongs to one job" in done.stderr
    assert env["GH_TOKEN"] not in done.stdout + done.stderr
    done = node.swarm("show", "--swarm-from-token", env={"GITHUB_TOKEN": "${{ secrets.TOKEN }}"}, check=False)
    assert done.returncode == 1 and "no GitHub token" in done.stderr


def test_the_secret_is_no_setting_and_no_command_inherits_it(node):
    env = {"GHMESH_SWARM_SECRET": new_secret(node)}
    listed = node.run("config", "list", env=env).stdout
    assert env["GHMESH_SWARM_SECRET"] not in listed and 'p2p_listen = ["/ip4/127.0.0.1/tcp/0"]' in listed
    inherited = node.run("run", "--", "env", env=env).stdout
    assert "GHMESH_SWARM_SECRET" not in inherited


def test_bad_settings_of_a_swarm_are_named(node):
    for flags, words in [(["--peer", "example.com:4001"], "is not a multiaddr"), (["--trust", "all"], "swarm, verify"),
                         (["--p2p-listen", "/dns4/localhost/tcp/1"], "is not a numeric address")]:
        done = node.run("config", "list", *flags, check=False)
        assert done.returncode == 1 and words in done.stderr and flags[0] in done.stderr


@pytest.mark.parametrize("command", [["peers"], ["peers", "--json"], ["ping", "12D3KooWx"], ["stats", "--swarm"]])
def test_a_daemon_without_a_swarm_says_so(daemon, command):
    done = daemon.command(*command)
    assert done.returncode == 1 and done.stdout == b"" and done.stderr == b"ghmesh: this daemon is in no swarm\n"


def test_joining_says_when_the_daemon_must_be_restarted(daemon, node):
    secret = node.folder.parent / "secret"
    with open(secret, "w") as file:
        node.swarm("new", stdout=file)
    done = daemon.command("swarm", "join", secret)
    assert done.returncode == 0 and done.stderr == b"The daemon goes on as before until it is restarted.\n"
    assert secret.read_text().strip() not in daemon.stderr_text()


def test_peers_without_a_daemon(node):
    assert node.run("peers", check=False).returncode == 3
