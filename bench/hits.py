# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Fresh hits over HTTP, side by side: every server is asked in turn, round after round, so that all see the same noise.

CPU per request is what is compared. Rates depend on the load generator too, and on its share of the machine's memory.
"""

import statistics
import time

import load
import origin as origin_module
import servers

SIZES = {"2k": 2048, "20k": 20480}
CONNECTIONS = (1, 32, 256)
JUDGED_CONNECTIONS = 32  # where CPU per request is judged
AIMS_US = {"2k": 9.0, "20k": 12.0}


class Target:
    """One thing to ask: a server, the port it is asked at, and how."""

    def __init__(self, name, server, port=None, connections=CONNECTIONS, is_cache=True):
        self.name, self.server, self.port = name, server, port or getattr(server, "port", None)
        self.connections, self.is_cache = connections, is_cache

    def measure(self, path, connections, seconds):
        if self.name == "ghmesh_unix":
            return load.run_unix(self.server, path, connections, seconds)
        return load.run_wrk(self.server, self.port, path, connections, seconds)

    def warm(self, path, body_bytes):
        """Puts the answer into the cache, and makes sure that what comes back is the whole of it."""
        for _ in range(2):
            status, headers, body = servers.get(self.port, path)
            if status != 200 or abs(len(body) - body_bytes) > body_bytes // 10:
                raise RuntimeError(f"{self.name}: {status} with {len(body)} bytes instead of {body_bytes}")
        if self.name.startswith("ghmesh") and "detail=fresh" not in headers["Cache-Status"]:
            raise RuntimeError(f"ghmesh: not a fresh hit but {headers['Cache-Status']}")


class Side:
    """All servers of one comparison, started and ended together."""

    def __init__(self, folder):
        self.processes = []
        try:
            self.origin = self.keep(servers.Origin(folder))
            ghmesh = self.keep(servers.Ghmesh(folder, self.origin, "--log-level", "warn"))
            nginx = self.keep(servers.Nginx(folder, self.origin))
            varnish = self.keep(servers.Varnish(folder, self.origin))
            judged = (JUDGED_CONNECTIONS,)
            self.caches = [Target("ghmesh", ghmesh), Target("nginx", nginx),
                           Target("nginx_open_file_cache", nginx, nginx.port_open_file_cache),
                           Target("varnish", varnish), Target("ghmesh_unix", ghmesh, connections=judged)]
            self.fixed = {}
            for size, body_bytes in SIZES.items():
                epoll = self.keep(servers.Fixed(folder, "epoll_server", body_bytes))
                bare = self.keep(servers.Fixed(folder, "bare_server", body_bytes))
                self.fixed[size] = [Target("epoll", epoll, is_cache=False),
                                    Target("ghmesh_no_cache", bare, connections=judged, is_cache=False)]
        except BaseException:
            self.close()
            raise

    def keep(self, process):
        self.processes.append(process)
        return process

    def close(self):
        for process in reversed(self.processes):
            process.close()

    def targets(self, size, connections):
        return [target for target in self.caches + self.fixed[size] if connections in target.connections]


def rounds_of(connections, rounds):
    return rounds if connections == JUDGED_CONNECTIONS else 1


def measure_cell(side, target, size, connections, seconds):
    path = origin_module.path_of(SIZES[size], 1)
    if target.is_cache:
        target.warm(path, SIZES[size])
    before = side.origin.requests_count()
    sample = target.measure(path, connections, seconds)
    if side.origin.requests_count() != before:
        raise RuntimeError(f"{target.name}: some requests were no hits")
    return sample


def run(folder, rounds, seconds):
    """{(size, connections, name): [Sample, one a round]}"""
    side = Side(folder)
    samples = {}
    try:
        for target in side.caches:  # nobody is measured while it warms up its allocator
            measure_cell(side, target, "2k", JUDGED_CONNECTIONS, seconds=1)
        for size in SIZES:
            for connections in CONNECTIONS:
                for _ in range(rounds_of(connections, rounds)):
                    for target in side.targets(size, connections):
                        sample = measure_cell(side, target, size, connections, seconds)
                        samples.setdefault((size, connections, target.name), []).append(sample)
    finally:
        side.close()
    return samples


def ratio(samples, size, above, below):
    """The median of the ratios of each round: what disturbs one round disturbs both."""
    pairs = zip(samples[size, JUDGED_CONNECTIONS, above], samples[size, JUDGED_CONNECTIONS, below])
    return statistics.median(one.cpu_us / other.cpu_us for one, other in pairs)


def figures(samples):
    """The figures by name, for the last line."""
    out = {}
    names = list(dict.fromkeys(name for _, connections, name in samples if connections == JUDGED_CONNECTIONS))
    for size in SIZES:
        for name in names:
            middle = load.median_sample(samples[size, JUDGED_CONNECTIONS, name])
            out[f"{name}_cpu_us_{size}"] = round(middle.cpu_us, 2)
        for name in ("nginx", "nginx_open_file_cache", "varnish"):
            out[f"{name}_over_ghmesh_{size}"] = round(ratio(samples, size, name, "ghmesh"), 2)
        out[f"ghmesh_over_epoll_{size}"] = round(ratio(samples, size, "ghmesh", "epoll"), 2)
        out[f"ghmesh_requests_per_second_{size}"] = round(
            load.median_sample(samples[size, JUDGED_CONNECTIONS, "ghmesh"]).rate)
    return out


def table(samples):
    """Markdown: a row for each server, a group of columns for each number of connections."""
    lines = []
    for size, body_bytes in SIZES.items():
        lines += ["", f"**{body_bytes:,} bytes**: requests per second, p50 / p99 in ms, CPU in µs per request", "",
                  "| | " + " | ".join(f"{connections} at once" for connections in CONNECTIONS) + " |",
                  "|---" * (len(CONNECTIONS) + 1) + "|"]
        for name in dict.fromkeys(name for cell_size, _, name in samples if cell_size == size):
            cells = [cell_text(samples.get((size, connections, name))) for connections in CONNECTIONS]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell_text(samples):
    if not samples:
        return ""
    middle = load.median_sample(samples)
    if not middle.p99_us:
        return f"**{middle.cpu_us:.1f}**"  # our own client's rate and latency say nothing about the server
    return (f"{middle.rate / 1000:.1f}k, {middle.p50_us / 1000:.2f} / {middle.p99_us / 1000:.2f}, "
            f"**{middle.cpu_us:.1f}**")


def aims_text(values):
    lines = []
    for size, aim in AIMS_US.items():
        reached = values[f"ghmesh_cpu_us_{size}"]
        verdict = "met" if reached <= aim else f"missed by {reached - aim:.1f} µs"
        lines.append(f"CPU per hit of {size}: {reached} µs, aim {aim} µs: {verdict} "
                     f"(epoll limit {values[f'epoll_cpu_us_{size}']} µs)")
    return "\n".join(lines)


def report(folder, rounds, seconds):
    """Measures, prints, and answers the figures."""
    began = time.monotonic()
    samples = run(folder, rounds, seconds)
    values = figures(samples)
    print(f"# Fresh hits over HTTP ({rounds} round(s) at {JUDGED_CONNECTIONS} connections, "
          f"{time.monotonic() - began:.0f} s)")
    print(table(samples), aims_text(values), sep="\n\n", flush=True)
    return values
