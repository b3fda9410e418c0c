# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The Python module beside the design of its predecessor, in one run: a dictionary, and a JSON file for each entry.

The predecessor's class is in a git repository and in no package, so its design stands here, written anew and without
what it does besides (locks, logging, statistics): it is the faster for it. Figures of the class itself, on another day:
bench/README.md. PREDECESSOR=/path/to/its/cache.py takes the class instead.
"""

import gc
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, os.environ.get("PYTHON_MODULE_DIR", str(ROOT / "build/release/python")))

LOADED_COUNT = int(os.environ.get("ENTRIES", 100_000))


def document(number, kilobytes=1):
    """As GitHub answers for a repository, cut down to so many kilobytes."""
    base = {"id": number, "name": f"repository-{number}", "full_name": f"octocat/repository-{number}", "private": False,
            "owner": {"login": "octocat", "id": 1, "type": "User"}, "topics": ["a", "b", "c"], "size": 108,
            "updatedAt": "2026-01-26T19:14:43Z", "pushedAt": "2026-01-26T19:06:43Z", "license": None}
    url = f"https://api.github.com/repos/octocat/repository-{number}"
    base.update({f"url_{i}": f"{url}/{i:04}" for i in range(13 * kilobytes)})
    return base


class Plain:
    """A dictionary of entries; with a directory, a file for each."""

    def __init__(self, directory=None):
        self.directory = pathlib.Path(directory) if directory else None
        self.entries = {}
        if self.directory:
            self.directory.mkdir(exist_ok=True)
            for path in self.directory.glob("*.json"):
                with open(path) as file:
                    entry = json.load(file)
                if time.time() - entry["timestamp"] < entry["ttl"]:
                    self.entries[entry["cache_key"]] = entry

    def get(self, operation, *args):
        entry = self.entries.get(":".join([operation, *map(str, args)]))
        return None if entry is None or time.time() - entry["timestamp"] > entry["ttl"] else entry["data"]

    def put(self, operation, data, ttl, *args):
        key = ":".join([operation, *map(str, args)])
        entry = {"cache_key": key, "data": data, "timestamp": time.time(), "ttl": ttl, "content_hash": None,
                 "validation_fields": None}
        self.entries[key] = entry
        if self.directory:
            with open(self.directory / f"{key.replace('/', '_').replace(':', '_')}.json", "w") as file:
                json.dump(entry, file)

    def flush(self):
        pass


def make_plain(directory):
    path = os.environ.get("PREDECESSOR")
    if not path:
        return Plain(directory)
    spec = importlib.util.spec_from_file_location("predecessor", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cache = module.GitHubAPICache(cache_dir=directory, enable_persistence=bool(directory), enable_p2p=False,
                                  max_cache_size=10_000_000)
    cache.flush = lambda: None
    return cache


def make_ours(directory):
    import ghmesh
    if not directory:
        return ghmesh.GitHubAPICache(enable_persistence=False, max_cache_size=0, enable_p2p=False)
    return ghmesh.GitHubAPICache(cache_dir=directory, state_dir=f"{directory}-state", max_cache_size=0,
                                 enable_p2p=False)


MAKERS = {"plain": make_plain, "ghmesh": make_ours}


def microseconds(call, count, rounds=5):
    figures = []
    for _ in range(rounds):
        gc.collect()
        began = time.perf_counter()
        for number in range(count):
            call(number)
        figures.append((time.perf_counter() - began) / count * 1e6)
    return min(figures), statistics.median(figures)


def measure_calls(name, folder, kilobytes):
    """get, put in memory, put on disk: of the caller, and with all of it written."""
    data = document(0, kilobytes)
    cache = MAKERS[name](None)
    cache.put("get_repo_info", data, 3600, "octocat/repository-0")
    yield "get", *microseconds(lambda _: cache.get("get_repo_info", "octocat/repository-0"), 20_000)
    yield "put, memory", *microseconds(lambda n: cache.put("get_repo_info", data, 3600, n), 3_000)
    kept = MAKERS[name](f"{folder}/{name}-{kilobytes}")
    yield "put, persistent", *microseconds(lambda n: kept.put("get_repo_info", data, 3600, n), 3_000)

    def put_all(_):
        for number in range(3_000):
            kept.put("get_repo_info", data, 3600, number)
        kept.flush()

    best, median = microseconds(put_all, 1, rounds=3)
    yield "put, persistent, all written", best / 3_000, median / 3_000


def anonymous_bytes():
    """What this process has to itself: files that are mapped can be dropped, and are shared."""
    for line in pathlib.Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    raise LookupError("Anonymous")


def load(name, directory, count):
    """In a process of its own: opens what was put before, touches every entry once, and says what that took."""
    if name == "ghmesh":
        import ghmesh  # noqa: F401: what is measured is the cache, not the loader
    before = anonymous_bytes()
    began = time.perf_counter()
    cache = MAKERS[name](directory)
    opened = time.perf_counter() - began
    assert cache.get("get_repo_info", count - 1) is not None
    for number in range(count):
        cache.get("get_repo_info", number)
    gc.collect()
    print(json.dumps({"open_ms": opened * 1e3, "bytes": (anonymous_bytes() - before) / count}))


def fill(name, directory, count):
    cache = MAKERS[name](directory)
    for number in range(count):
        cache.put("get_repo_info", document(number), 36_000, number)
    cache.flush()


def in_a_process(what, name, directory, count):
    done = subprocess.run([sys.executable, __file__, what, name, directory, str(count)], capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout) if done.stdout else None


def main():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as tmpfs, tempfile.TemporaryDirectory() as disk:
        print("us per call, best and median of five     plain              ghmesh             ratio of medians")
        for kilobytes in (1, 20):
            for place, folder in (("tmpfs", tmpfs), ("disk", disk)):
                both = (measure_calls(name, folder, kilobytes) for name in MAKERS)
                for plain, ours in zip(*both):
                    if place == "disk" and "persistent" not in plain[0]:
                        continue
                    print(f"{kilobytes:2} KB  {place:5}  {plain[0]:29}{plain[1]:8.2f} {plain[2]:8.2f}  "
                          f"{ours[1]:8.2f} {ours[2]:8.2f}  {plain[2] / ours[2]:8.1f}")
        for name in MAKERS:
            directory = f"{disk}/load-{name}"
            in_a_process("fill", name, directory, LOADED_COUNT)
            loaded = in_a_process("load", name, directory, LOADED_COUNT)
            print(f"{LOADED_COUNT} entries of 1 KB  {name:7} open {loaded['open_ms']:9.2f} ms   "
                  f"{loaded['bytes']:7.0f} B of memory per entry")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"fill": fill, "load": load}[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
