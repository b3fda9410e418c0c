# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The predecessor's stream protocol, with a py-libp2p node that speaks it, both ways. Part of `make interop`."""

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTHON = ROOT / "build/interop/py/bin/python"
sys.path.insert(0, os.environ["PYTHON_MODULE_DIR"])

import ghmesh  # noqa: E402

SECRET = "quartz lagoon umbrella mistral kettle oval thirteen"


class Peer:
    def __init__(self, secret):
        self.process = subprocess.Popen([PYTHON, HERE / "peer.py", secret], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.address = self.read("address")

    def read(self, name):
        line = self.process.stdout.readline()
        assert line, "the peer has ended"
        return json.loads(line)[name]

    def send(self, address, key, entry):
        self.process.stdin.write(json.dumps({"address": address, "key": key, "entry": entry}) + "\n")
        self.process.stdin.flush()
        return self.read("answer")

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def peer():
    started = Peer(SECRET)
    yield started
    started.stop()


@pytest.fixture
def cache(tmp_path, peer):
    made = ghmesh.GitHubAPICache(cache_dir=tmp_path / "cache", state_dir=tmp_path / "state", enable_p2p=True,
                                 p2p_shared_secret=SECRET, legacy_p2p=True, legacy_peers=[peer.address])
    yield made
    made.shutdown()


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def entry_of(data, **more):
    return {"data": data, "timestamp": time.time(), "ttl": 300, "content_hash": None, "validation_fields": None, **more}


def test_what_the_predecessor_sends_is_had_here(cache, peer):
    address = cache.get_stats()["legacy_addresses"][0]
    assert peer.send(address, "get_repo_info:octocat/Hello-World", entry_of({"name": "Hello-World"})) == "OK"
    wait_until(lambda: cache.get("get_repo_info", "octocat/Hello-World") is not None)
    assert cache.get("get_repo_info", "octocat/Hello-World") == {"name": "Hello-World"}
    assert cache.get_stats()["peer_hits"] >= 1


def test_what_is_put_here_reaches_the_predecessor(cache, peer):
    repo = {"name": "r", "updatedAt": "1", "pushedAt": None}

    wait_until(lambda: cache.get_stats()["legacy_peers"] == 1)
    cache.put("get_repo_info", repo, 60, "o/r")
    came = peer.read("came")
    assert came["key"] == "get_repo_info:o/r" and came["entry"]["data"] == repo
    assert came["entry"]["content_hash"] == ghmesh.validation_cid_of(came["entry"]["validation_fields"])


def test_another_secret_is_not_heard(cache):
    stranger = Peer("another secret of somebody's own, long enough to be one")
    try:
        address = cache.get_stats()["legacy_addresses"][0]
        assert stranger.send(address, "op", entry_of(1)) != "OK"
        assert cache.get("op") is None
    finally:
        stranger.stop()
