# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The ten promises of the Python predecessor, each a test that asserts what it promises."""

import asyncio
import os
import subprocess
import sys
import textwrap
import time

import ghmesh

SECRET = "quartz lagoon umbrella mistral kettle oval thirteen"


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def test_1_basic_operations(make):
    cache = make()
    assert cache.get("get_repo_info", "octocat/Hello-World") is None
    data = {"name": "Hello-World", "stars": 3, "topics": ["a", "b"], "private": False, "license": None, "size": 1.5}
    cache.put("get_repo_info", data, 60, "octocat/Hello-World")
    assert cache.get("get_repo_info", "octocat/Hello-World") == data
    cache.put("list_repos", [data], owner="octocat", limit=10)
    assert cache.get("list_repos", limit=10, owner="octocat") == [data]
    assert cache.get("list_repos", limit=11, owner="octocat") is None
    cache.invalidate("get_repo_info", "octocat/Hello-World")
    assert cache.get("get_repo_info", "octocat/Hello-World") is None
    cache.put("list_repos", [], None, "a")
    assert cache.invalidate_pattern("list_repos") == 2
    cache.put("x", 1)
    assert cache.clear() == 1
    stats = cache.get_stats()
    assert (stats["cache_size"], stats["hits"], stats["misses"]) == (0, 0, 0)


def test_2_multiformats_hash():
    compute = ghmesh.GitHubAPICache._compute_validation_hash
    cid = compute({"updatedAt": "2025-11-06T10:00:00Z", "pushedAt": None})
    assert cid.startswith("bafkrei") and len(cid) == 59
    assert cid == compute({"pushedAt": None, "updatedAt": "2025-11-06T10:00:00Z"})
    assert cid != compute({"updatedAt": "2025-11-06T10:00:01Z", "pushedAt": None})
    # Computed by hand: base32 of 01 55 12 20 and the SHA-256 of the sorted JSON.
    import base64, hashlib, json
    text = json.dumps({"b": [1, 2.5, None], "a": "\u00e9"}, sort_keys=True).encode()
    raw = b"\x01\x55\x12\x20" + hashlib.sha256(text).digest()
    assert compute({"b": [1, 2.5, None], "a": "\u00e9"}) == "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def test_3_time_to_live(make):
    cache = make(default_ttl=300)
    cache.put("op", 1, ttl=0.05)
    cache.put("other", 2)
    assert cache.get("other") == 2
    wait_until(lambda: cache.get("op") is None)
    assert cache.get_stats()["expirations"] >= 1


def test_4_staleness_by_validation_fields(make):
    cache = make()
    repo = {"name": "r", "updatedAt": "1", "pushedAt": "2"}
    cache.put("get_repo_info", repo, None, "o/r")
    assert cache.get("get_repo_info", "o/r", validation_fields={"updatedAt": "1", "pushedAt": "2"}) == repo
    assert cache.get("get_repo_info", "o/r", validation_fields={"updatedAt": "3", "pushedAt": "2"}) is None
    assert cache.get_stale("get_repo_info", "o/r") == repo


def test_5_persistence_across_instances(make):
    make().put("op", {"a": [1, 2]}, None, "x")
    first = make()
    first.shutdown()
    assert make().get("op", "x") == {"a": [1, 2]}
    script = "import ghmesh,sys; print(ghmesh.GitHubAPICache(cache_dir=sys.argv[1]).get('op', 'x'))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script, str(make().cache_dir)],
                          capture_output=True, text=True, env=dict(os.environ))
    assert (done.stdout, done.stderr) == ("{'a': [1, 2]}\n", "")


def test_6_p2p_start_up_in_a_synchronous_script(make):
    began = time.monotonic()
    cache = make(enable_p2p=True, p2p_shared_secret=SECRET)
    assert time.monotonic() - began < 5
    stats = cache.get_stats()
    assert stats["p2p_enabled"] is True and cache.enable_p2p is True
    assert stats["peer_id"].startswith("12D3KooW")
    assert stats["p2p_addresses"][0].startswith("/ip4/127.0.0.1/tcp/")
    cache.shutdown()
    assert make(enable_p2p=False).get_stats()["p2p_enabled"] is False


def test_7_encryption(make, tmp_path):
    cache = make(enable_p2p=True, p2p_shared_secret=SECRET)
    assert cache._cipher is not None
    cache.put("secret_operation", {"password": "canary-8f3a"}, None, "canary-argument")
    cache.flush()
    cache.shutdown()
    found = [path for path in tmp_path.rglob("*") if path.is_file()
             for word in (b"canary-8f3a", b"canary-argument", b"secret_operation", SECRET.encode())
             if word in path.read_bytes()]
    assert found == []
    assert make().get("secret_operation", "canary-argument") == {"password": "canary-8f3a"}


def test_8_two_packages_share_a_directory(make, tmp_path):
    """What one package's process puts, another's gets, while both run."""
    script = textwrap.dedent("""
        import sys, ghmesh
        cache = ghmesh.get_global_cache(cache_dir=sys.argv[1])
        cache.put("from_the_other", {"n": 1})
        cache.flush()
        print("put", flush=True)
        sys.stdin.readline()
        print(cache.get("from_this_one"))
        """)
    mine = make()
    other = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "cache")], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "put\n"
    assert mine.get("from_the_other") == {"n": 1}
    mine.put("from_this_one", 2)
    mine.flush()
    assert other.communicate("go\n", timeout=30)[0] == "2\n"
    assert other.returncode == 0


def test_9_p2p_start_up_in_asyncio(make):
    async def main():
        began = time.monotonic()
        cache = make(enable_p2p=True, p2p_shared_secret=SECRET)
        took = time.monotonic() - began
        stats = cache.get_stats()
        await cache.aput("op", 1)
        assert await cache.aget("op") == 1
        return took, stats

    took, stats = asyncio.run(main())
    assert took < 5
    assert stats["p2p_enabled"] and stats["peer_id"].startswith("12D3KooW")


def test_10_two_caches_share_in_asyncio(make, tmp_path):
    async def main():
        first = make(cache_dir=tmp_path / "first", state_dir=tmp_path / "s1", enable_p2p=True, p2p_shared_secret=SECRET)
        address = first.p2p_addresses[0]
        without_id = address[:address.index("/p2p/")]
        second = make(cache_dir=tmp_path / "second", state_dir=tmp_path / "s2", enable_p2p=True,
                      p2p_shared_secret=SECRET, p2p_bootstrap_peers=[without_id])
        await eventually(lambda: second.get_stats()["connected_peers"] == 1)
        data = {"name": "Hello-World", "nested": {"list": [1, 2, 3]}}
        await first.aput("get_repo_info", data, None, "octocat/Hello-World")
        await eventually(lambda: second.get("get_repo_info", "octocat/Hello-World") is not None)
        assert second.get("get_repo_info", "octocat/Hello-World") == data
        assert second.get_stats()["peer_hits"] >= 1
        assert first.get_stats()["peer_hits"] == 0
        first.invalidate("get_repo_info", "octocat/Hello-World")
        await eventually(lambda: second.get("get_repo_info", "octocat/Hello-World") is None)

    async def eventually(condition):
        for _ in range(2000):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not come about")

    asyncio.run(main())
