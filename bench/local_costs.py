# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What needs no other server: the benchmark binaries, memory for each entry, and a call as a person feels it."""

import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import load
import origin as origin_module
import servers

ENTRIES_COUNT = 100_000
BODY_BYTES = 2048
FILL_CONNECTIONS = 32
CALLS_COUNT = 50
NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}

# (name in the last line, benchmark without its options, field, unit in ns or None for a counter, aim, what it is)
AIMS = [
    ("find_1000_ns", "FindInMemory/1000", "real_time", 1, 500, "in-process hit among 1,000, ns"),
    ("find_100000_ns", "FindInMemory/100000", "real_time", 1, None, "in-process hit among 100,000, ns"),
    ("key_ns", "key_of_gh_request", "real_time", 1, None, "key of a request as gh sends it, ns"),
    ("put_us", "PutFast", "real_time", 1e3, None, "put until it returns, µs"),
    ("put_synced_us", "PutFast", "us_until_synced", None, 10, "put with group commit, until synced, µs"),
    ("open_ms", "OpenStore", "real_time", 1e6, 5, "open of 100,000 entries, ms"),
    ("disk_bytes_per_entry", "DiskBytesPerEntry", "disk_bytes_per_2KB", None, 700, "disk for an answer of 2 KB, B"),
]


def run_binaries():
    """Prints every benchmark of every room, and answers {name: result}. They run on disk, where stores are."""
    results = {}
    for binary in sorted((servers.BUILD / "src").glob("*_bench")):
        with servers.Cores(servers.SERVER_CORE, servers.LOAD_CORE):
            done = subprocess.run([binary, "--benchmark_format=json", "--benchmark_min_time=0.2"], check=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=servers.ROOT)
        print(f"\n{binary.name}:")
        for result in json.loads(done.stdout)["benchmarks"]:
            results[result["name"]] = result
            counters = [f"{name}={value:.4g}" for name, value in result.items()
                        if isinstance(value, float) and name not in ("real_time", "cpu_time")]
            print(f"  {result['name']:44} {result['real_time']:12.1f} {result['time_unit']}  {' '.join(counters)}")
    return results


def judged(results):
    figures = {}
    for name, benchmark, field, unit, aim, meaning in AIMS:
        result = next((result for full, result in results.items() if f"{full}/".startswith(f"{benchmark}/")), {})
        if field not in result:
            print(f"{meaning}: not measured, for there is no {field} of {benchmark}")
            continue
        scale = NANOSECONDS[result["time_unit"]] / unit if unit else 1
        figures[name] = round(result[field] * scale, 2)
        print_judged(meaning, figures[name], aim)
    return figures


def print_judged(meaning, value, aim):
    verdict = "" if aim is None else f", aim {aim}: " + ("met" if value <= aim else f"missed by {value - aim:.4g}")
    print(f"{meaning}: {value:g}{verdict}", flush=True)


def fill(folder):
    """A daemon that has fetched so many answers over its unix socket: what memory it then has of its own."""
    origin = servers.Origin(folder)
    ghmesh = None
    try:
        ghmesh = servers.Ghmesh(folder, origin, "--log-level", "error", "--memory-size", "2GiB")
        empty_bytes = ghmesh.resident_bytes()
        client = load.UnixClient(ghmesh.socket, FILL_CONNECTIONS)
        began = time.monotonic()
        client.ask_all(origin_module.path_of(BODY_BYTES, number) for number in range(ENTRIES_COUNT))
        fetched_per_second = ENTRIES_COUNT / (time.monotonic() - began)
        client.close()
        full_bytes = ghmesh.resident_bytes()
        wall_ms = call_ms(ghmesh)
    finally:
        if ghmesh:
            ghmesh.close()
        origin.close()
    return {"rss_empty_mb": round(empty_bytes / 1e6, 1),
            "rss_100000_entries_mb": round((full_bytes - empty_bytes) / 1e6, 1),
            "misses_per_second": round(fetched_per_second), "api_ms": wall_ms}


def call_ms(ghmesh):
    """The median wall time of `ghmesh api` for a hit: start of the process, answer, end."""
    program = str(servers.BUILD / "apps" / "ghmesh")
    command = [program, "api", "--socket", str(ghmesh.socket), origin_module.path_of(BODY_BYTES, 1)]
    variables = servers.environment(GH_TOKEN=servers.FIELDS["Authorization"].split()[1])
    taken = []
    for _ in range(CALLS_COUNT + 1):
        with tempfile.TemporaryFile() as output:
            began = time.monotonic()
            to_file = [(os.POSIX_SPAWN_DUP2, output.fileno(), 1)]
            child = os.posix_spawn(program, command, variables, file_actions=to_file)
            _, status = os.waitpid(child, 0)
            taken.append((time.monotonic() - began) * 1e3)
            output.seek(0)
            if status != 0 or len(output.read()) < BODY_BYTES:
                raise RuntimeError(f"ghmesh api failed with {status}")
    return round(statistics.median(taken[1:]), 2)


def report(folder):
    print("\n# In process")
    results = run_binaries()
    print("\n# Against the aims")
    figures = judged(results)
    # The store of this daemon is on the disk, unlike the others' files.
    with tempfile.TemporaryDirectory(prefix="ghmesh-bench-") as disk:
        figures |= fill(pathlib.Path(disk))
    print(f"misses per second, one core, body of 2 KB: {figures['misses_per_second']:,}")
    print_judged("RSS for 100,000 entries of 2 KB, MB", figures["rss_100000_entries_mb"], None)
    print_judged("`ghmesh api` of a hit, wall time, ms", figures["api_ms"], 5)
    return figures
