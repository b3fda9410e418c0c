# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The mesh: how soon a member knows what another has fetched, beside gossip of js-libp2p in the same run; what that
takes on the wire; and how soon a daemon answers with what another daemon has fetched."""

import contextlib
import os
import pathlib
import statistics
import sys
import tempfile
import time

import p2p

ROOT = p2p.ROOT
DOCUMENT_BYTES = 1178
SWARMS = [("2", "full"), ("8", "full"), ("32", "8")]  # and how js-libp2p's nodes are connected
DAEMONS = [2, 8]
ANSWERS_COUNT = 100
TOKEN = "ghp_model_octocat_1"


def swarm_rows(rounds):
    figures = {}
    print("\n| told, until usable on another member | ghmesh p50 / p99 ms | js gossip of as many bytes "
          "| js over ghmesh, p50 / p99 | aim p99 | delivered, ghmesh / js | ghmesh waited for a core |\n"
          "|---|---|---|---|---|---|---|")
    for nodes, degree in SWARMS:
        gossip = ("gossip", nodes, degree, "latency", DOCUMENT_BYTES)
        ours, theirs = p2p.both(("mesh", nodes, "latency"), gossip, rounds)
        print(f"| {nodes} members | {ours['latency_ms_p50']:.2f} / {ours['latency_ms_p99']:.2f} "
              f"| {theirs['latency_ms_p50']:.2f} / {theirs['latency_ms_p99']:.2f} "
              f"| {theirs['latency_ms_p50'] / ours['latency_ms_p50']:.1f} / "
              f"{theirs['latency_ms_p99'] / ours['latency_ms_p99']:.1f} | {'20' if nodes == '32' else ''} "
              f"| {ours['delivered'] / ours['expected']:.1%} / {theirs['delivered'] / theirs['expected']:.1%} "
              f"| {ours['waited_share']:.0%} |", flush=True)
        for who, result in (("mesh", ours), ("js_mesh", theirs)):
            figures |= {f"{who}{nodes}_{name}": value for name, value in result.items()}
    return figures


def wire_rows(figures):
    print(f"\n| bytes for a document of {DOCUMENT_BYTES} B with its headers | one copy (aim 400) "
          "| duplicates per delivery | all on the wire per delivery | the same, js |\n|---|---|---|---|---|")
    for nodes, _ in SWARMS:
        ours = {name: figures[f"mesh{nodes}_{name}"]
                for name in ("message_bytes", "duplicates_per_delivery", "wire_bytes_per_delivery")}
        print(f"| {nodes} members | {ours['message_bytes']:.0f} | {ours['duplicates_per_delivery']:.2f} "
              f"| {ours['wire_bytes_per_delivery']:.0f} | {figures[f'js_mesh{nodes}_wire_bytes_per_delivery']:.0f} |",
              flush=True)


def rate_rows(rounds):
    ours, theirs = p2p.both(("mesh", "2", "rate"), ("gossip", "2", "full", "rate", DOCUMENT_BYTES), rounds)
    print(f"\nStatements a second that one member tells and another believes: {ours['statements_per_second']:.0f}, at "
          f"{ours['tell_cpu_us']:.0f} µs of CPU to tell and {ours['hear_cpu_us']:.0f} µs to hear; messages a second of "
          f"js: {theirs['messages_per_second']:.0f}.")
    return {"mesh_statements_per_second": ours["statements_per_second"], "mesh_tell_cpu_us": ours["tell_cpu_us"],
            "mesh_hear_cpu_us": ours["hear_cpu_us"], "js_mesh_messages_per_second": theirs["messages_per_second"]}


@contextlib.contextmanager
def daemons(folder, count):
    """A swarm of daemons in front of a model of GitHub, as the end-to-end tests have it."""
    os.environ["GHMESH_BUILD"] = str(ROOT / "build" / "release")
    sys.path.insert(0, str(ROOT / "tests" / "e2e"))
    import harness
    import mesh
    model = harness.Model(folder)
    swarm = mesh.Swarm(folder, model.url, count)
    try:
        yield harness, model, swarm
    finally:
        for node in swarm.nodes:
            node.stop()
        model.stop()


def daemon_figures(count):
    """One asks; once it has its answer, another one asks for the same: until that has its own, which costs no call."""
    folder = tempfile.TemporaryDirectory(prefix="ghmesh-bench-")
    with folder as name, daemons(pathlib.Path(name), count) as (harness, model, swarm):
        connections = [node.connection() for node in swarm.nodes]
        def ask(node, number):
            path = f"/repos/octo-org/widgets/issues?per_page=1&state=all&page={number + 1}"
            answer = harness.ask(connections[node], path, TOKEN)
            assert answer.status == 200, answer.status
            return answer.detail
        for node in range(count):
            harness.ask(connections[node], "/repos/octo-org/widgets", TOKEN)
        time.sleep(5)  # five heartbeats
        charged = model.charged()
        until_peer, fresh, details = [], [], []
        for number in range(ANSWERS_COUNT):
            first = number % count
            second = (first + 1 + number % (count - 1)) % count
            ask(first, number)
            began = time.perf_counter()
            details.append(ask(second, number))
            until_peer.append((time.perf_counter() - began) * 1e3)
            began = time.perf_counter()
            ask(first, number)
            fresh.append((time.perf_counter() - began) * 1e3)
        charged = model.charged() - charged
        for connection in connections:
            connection.close()
    def quantile(values, part):
        return sorted(values)[min(len(values) - 1, int(part * len(values)))]
    return {"until_peer_hit_ms_p50": quantile(until_peer, 0.5), "until_peer_hit_ms_p99": quantile(until_peer, 0.99),
            "own_hit_ms_p50": statistics.median(fresh), "own_hit_ms_p99": quantile(fresh, 0.99),
            "peer_hits": details.count("peer"), "charged": charged}


def daemon_rows():
    figures = {}
    print("\n| daemons | from one's answer to another's, p50 / p99 ms | a hit of its own by the same client, p50 / p99 "
          f"| answered by a peer's word, of {ANSWERS_COUNT} | calls charged |\n|---|---|---|---|---|")
    for count in DAEMONS:
        one = daemon_figures(count)
        print(f"| {count} | {one['until_peer_hit_ms_p50']:.2f} / {one['until_peer_hit_ms_p99']:.2f} "
              f"| {one['own_hit_ms_p50']:.2f} / {one['own_hit_ms_p99']:.2f} | {one['peer_hits']} | {one['charged']} |",
              flush=True)
        figures |= {f"daemons{count}_{name}": value for name, value in one.items()}
    return figures


def report(rounds=3):
    figures = swarm_rows(rounds)
    wire_rows(figures)
    figures |= rate_rows(rounds)
    figures |= daemon_rows()
    return figures
