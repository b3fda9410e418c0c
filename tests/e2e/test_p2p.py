# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`ghmesh p2p`, as people and scripts use it: one process listens, another asks."""
import contextlib
import json
import resource
import subprocess

import pytest

import harness

GHMESH = harness.BUILD / "apps" / "ghmesh"


def run(*arguments, **options):
    return subprocess.run([GHMESH, "p2p", *arguments], capture_output=True, text=True, timeout=60,
                          env=harness.environment(), **options)


@contextlib.contextmanager
def running(*arguments):
    """A command that goes on until the test is over."""
    process = subprocess.Popen([GHMESH, "p2p", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=harness.environment())
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0
        process.stdout.close()
        process.stderr.close()


@pytest.fixture
def listener(tmp_path):
    with running("listen", "--perf", "--key", str(tmp_path / "key")) as process:
        yield process.stdout.readline().strip()


def test_listen_prints_one_dialable_address(listener, tmp_path):
    assert listener.startswith("/ip4/127.0.0.1/tcp/")
    own_id = run("id", "--key", str(tmp_path / "key")).stdout.strip()
    assert listener.endswith("/p2p/" + own_id)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_ping(listener):
    answer = run("ping", "-c", "3", listener)
    lines = answer.stdout.splitlines()
    assert answer.returncode == 0 and len(lines) == 3
    assert all(line.endswith(" ms") and line.split()[0] in listener for line in lines)


def test_ping_by_name(listener):
    by_name = listener.replace("/ip4/127.0.0.1/", "/dns4/localhost/")
    answer = run("ping", "-c", "1", by_name)
    assert answer.returncode == 0, answer.stderr


def test_identify(listener):
    said = json.loads(run("identify", "--json", listener).stdout)
    assert said["agent"].startswith("ghmesh/") and said["signed_record"] is True
    assert {"/ipfs/ping/1.0.0", "/perf/1.0.0"} <= set(said["protocols"])
    assert [address + "/p2p/" + said["peer"] for address in said["addresses"]] == [listener]


def test_perf(listener):
    answer = run("perf", "--upload", "3000000", "--download", "5000000", listener)
    up, down = answer.stdout.splitlines()
    assert up.startswith("up 3000000 bytes") and down.startswith("down 5000000 bytes")


def test_another_peer_than_the_one_that_was_named_is_refused(listener, tmp_path):
    stranger = run("id", "--key", str(tmp_path / "other")).stdout.strip()
    answer = run("ping", listener.rpartition("/")[0] + "/" + stranger)
    assert answer.returncode == 3
    assert "another than the one that was dialed" in answer.stderr


@pytest.mark.parametrize("address", ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/1", "nonsense",
                                     "/dns4/nowhere.invalid/tcp/1"])
def test_what_cannot_be_dialed_says_why(address):
    answer = run("ping", address)
    assert answer.returncode == 3 and answer.stdout == ""
    assert answer.stderr.startswith(f"ghmesh: {address}: ") and len(answer.stderr.splitlines()) == 1


def test_perf_is_not_offered_unless_asked_for(tmp_path):
    with running("listen", "--key", str(tmp_path / "key")) as process:
        address = process.stdout.readline().strip()
        answer = run("perf", address)
    assert answer.returncode != 0 and "perf" in answer.stderr


def test_pub_and_sub():
    with running("sub", "news", "--json", "--count", "3") as subscriber:
        address = subscriber.stderr.readline().split()[-1]
        assert run("pub", "news", "--peer", address, "one", "two").returncode == 0
        assert run("pub", "news", "--peer", address, input="three\n").returncode == 0
        said = [json.loads(subscriber.stdout.readline()) for _ in range(3)]
    assert [one["base64"] for one in said] == ["b25l", "dHdv", "dGhyZWU="]
    assert said[0]["from"] == said[1]["from"] != said[2]["from"]


def test_a_message_is_one_line_and_does_not_speak_to_the_terminal():
    with running("sub", "news", "--count", "2") as subscriber:
        address = subscriber.stderr.readline().split()[-1]
        said = "a\tb\nforged\x1b[31m\x7f\u009b1m \u00e9"
        assert run("pub", "news", "--peer", address, said, "end").returncode == 0
        lines = [subscriber.stdout.readline() for _ in range(2)]
    assert lines == ["a\tb?forged?[31m???1m \u00e9\n", "end\n"]


def test_pub_says_that_nobody_listens(listener):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = run("pub", "news", "--peer", listener, "hello")
    assert answer.returncode == 3 and "nobody here subscribes to news" in answer.stderr
    # It waited, and did not look again and again.
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
