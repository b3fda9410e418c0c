# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the Python predecessor gets wrong (found by running it), each a test that this module passes."""

import datetime
import threading

import pytest

import ghmesh


def test_keys_with_colons_and_slashes_hit_after_a_restart(make):
    make().put("get_repo_info", 1, None, "a/b:c")
    make().shutdown()
    assert make().get("get_repo_info", "a/b:c") == 1


def test_file_names_do_not_collide(make):
    cache = make()
    for number, argument in enumerate(["a/b_c", "a_b/c", "a:b_c", "a_b_c"]):
        cache.put("get", number, None, argument)
    cache.shutdown()
    again = make()
    assert [again.get("get", argument) for argument in ["a/b_c", "a_b/c", "a:b_c", "a_b_c"]] == [0, 1, 2, 3]


def test_one_argument_with_a_colon_is_not_two(make):
    cache = make()
    cache.put("get", 1, None, "a:b")
    assert cache.get("get", "a", "b") is None


def test_long_keys_are_persistent(make):
    make().put("search", 1, None, "q" * 3000)
    make().shutdown()
    assert make().get("search", "q" * 3000) == 1


def test_a_stale_entry_is_there_after_it_was_missed(make):
    cache = make()
    cache.put("op", [1], ttl=0)
    assert cache.get("op") is None
    assert cache.get_stale("op") == [1]


def test_counting_goes_on_after_clear(make):
    cache = make()
    cache.increment_api_call_count("rest", "op")
    cache.clear()
    cache.increment_api_call_count("rest", "op")
    cache.increment_graphql_cache_hit()
    assert cache.get_stats()["api_calls_made"] == 1
    assert cache.get_api_call_log()[0]["operation"] == "op"


@pytest.mark.parametrize("persistence", [True, False])
def test_returned_objects_are_copies(make, persistence):
    cache = make(enable_persistence=persistence)
    put = {"list": [1, {"a": 1}]}
    cache.put("op", put)
    put["list"].append("changed by who put it")
    for _ in range(3):
        got = cache.get("op")
        assert got == {"list": [1, {"a": 1}]}
        got["list"].append(2)
        got["list"][1]["a"] = 2
        got["new"] = 3
        cache.get_stale("op")["list"].clear()


def test_two_instances_see_each_others_puts_and_invalidations(make):
    one, two = make(), make()
    one.put("op", 1)
    assert two.get("op") == 1
    two.put("op", 2)
    assert one.get("op") == 2
    one.invalidate("op")
    assert two.get("op") is None


def test_statistics_do_not_lock_up(make):
    cache = make()
    def everything():
        for number in range(100):
            cache.put("op", number)
            cache.get("op")
            cache.get_stats()

    threads = [threading.Thread(target=everything) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_max_cache_size_holds(make):
    cache = make(max_cache_size=10)
    for number in range(50):
        cache.put("op", number, None, number)
    assert len(cache) <= 10
    assert cache.get("op", 49) == 49


@pytest.mark.parametrize("data", [None, True, 0, -1, 2**63, 2**64 + 1, 1.5, 1e300, "", "\u00e9\U0001f600\x00\x1f\"\\",
                                  [], {}, [[]], {"a": {"b": [None]}}, list(range(1000))])
def test_json_comes_back_as_it_was(make, data):
    cache = make()
    cache.put("op", {"value": data})
    assert cache.get("op") == {"value": data}
    assert type(cache.get("op")["value"]) is type(data)


def test_what_is_no_json_comes_back_as_json_has_it(make):
    cache = make()
    cache.put("op", {"when": datetime.date(2026, 1, 2), "pair": (1, 2), 3: "key"})
    assert cache.get("op") == {"when": "2026-01-02", "pair": [1, 2], "3": "key"}
    loop = []
    loop.append(loop)
    with pytest.raises((ValueError, RecursionError)):
        cache.put("op", loop)


def test_bad_arguments_are_errors_and_harm_nothing(make):
    cache = make()
    for call in (lambda: cache.get(), lambda: cache.get(7), lambda: cache.put("op"), lambda: cache.put("op", 1, "soon"),
                 lambda: cache.put("op", 1, 2, ttl=3)):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError):
        cache.put("op", "x" * (9 << 20))
    cache.put("op", 1)
    assert cache.get("op") == 1


def test_environment_variables_are_read(make, tmp_path, monkeypatch):
    monkeypatch.setenv("CACHE_DIR", str(tmp_path / "from-environment"))
    monkeypatch.setenv("CACHE_DEFAULT_TTL", "7")
    monkeypatch.setenv("CACHE_ENABLE_P2P", "false")
    cache = ghmesh.configure_cache()
    assert cache.default_ttl == 7 and (tmp_path / "from-environment" / "data.mdb").exists()
    assert ghmesh.get_global_cache() is cache
    cache.shutdown()
    assert ghmesh.get_global_cache() is not cache
    ghmesh.get_global_cache().shutdown()


def test_all_keys_of_get_stats_are_there(make):
    stats = make().get_stats()
    for key in ("hits", "misses", "peer_hits", "expirations", "evictions", "api_calls_saved", "api_calls_made",
                "local_hits", "total_hits", "total_requests", "hit_rate", "cache_size", "max_cache_size",
                "p2p_enabled", "total_entries", "cache_dir", "content_addressing_available", "disk_entries",
                "total_size_bytes"):
        assert key in stats, key
    assert stats["p2p_enabled"] is False
