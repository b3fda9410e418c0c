# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The peer-to-peer side, beside js-libp2p and plain TCP: the same steps in one run, each on two cores."""

import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
OURS = ROOT / "build" / "release" / "bench"
THEIRS = ROOT / "tests" / "interop" / "js"

# Row: name in both programs, what it is, the aim as text, and whether more is better.
LINK_ROWS = [
    ("dial_ms_p50", "dial + Noise + yamux, ms", "", False),
    ("dial_identify_ms_p50", "the same + identify, ms", "< 2", False),
    ("stream_open_echo_ms_p50", "stream open + echo of 1 KiB, ms", "< 0.2", False),
    ("round_trip_ms_p50", "round trip of 1 KiB, open stream, ms", "", False),
    ("stream_MBps", "one stream, MB/s", ">= 800", True),
    ("idle_connection_bytes", "memory of an idle connection, bytes", "", False),
]
TCP_OF = {"dial_ms_p50": "tcp_connect_ms_p50", "stream_open_echo_ms_p50": "tcp_round_trip_ms_p50",
          "round_trip_ms_p50": "tcp_round_trip_ms_p50", "stream_MBps": "tcp_chacha_MBps"}
GOSSIPS = [("2", "full"), ("8", "full"), ("32", "8")]


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, cwd=ROOT)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-400:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def both(our_program, their_program, rounds):
    """Medians over `rounds` of each figure; the two take turns, so that what disturbs one round disturbs both."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(run(OURS / f"p2p_{our_program[0]}", *our_program[1:]))
        theirs.append(run("node", THEIRS / f"bench_{their_program[0]}.mjs", *their_program[1:]))
    def middle(results):
        return {name: value if isinstance(value, str) else statistics.median(one[name] for one in results)
                for name, value in results[0].items()}
    return middle(ours), middle(theirs)


def ratio(ours, theirs, is_more_better):
    return ours / theirs if is_more_better else theirs / ours


def report(rounds=3):
    figures = {}
    ours, theirs = both(("link",), ("link",), rounds)
    print("\n| one connection | ghmesh | js-libp2p | plain TCP | times better than js | aim |")
    print("|---|---|---|---|---|---|")
    for name, text, aim, is_more_better in LINK_ROWS:
        tcp = ours.get(TCP_OF.get(name, ""), "")
        print(f"| {text} | {ours[name]:.4g} | {theirs[name]:.4g} | {tcp if tcp == '' else format(tcp, '.4g')} "
              f"| {ratio(ours[name], theirs[name], is_more_better):.1f} | {aim} |", flush=True)
    print(f"\nPlain TCP without encryption: {ours['tcp_MBps']:.0f} MB/s; with ChaCha20-Poly1305, which the row of one "
          f"stream shows: {ours['tcp_chacha_MBps']:.0f} MB/s.")
    figures |= {f"p2p_{name}": value for name, value in ours.items()}
    figures |= {f"js_{name}": value for name, value in theirs.items()}

    print("\n| gossip of 1 KiB | ghmesh p50 / p99 ms | js p50 / p99 ms | wire bytes per delivery, ghmesh / js "
          "| delivered, ghmesh / js |\n|---|---|---|---|---|")
    for nodes, degree in GOSSIPS:
        program = ("gossip", nodes, degree, "latency")
        ours, theirs = both(program, program, rounds)
        print(f"| {nodes} nodes, {degree if degree == 'full' else 'degree ' + degree} "
              f"| {ours['latency_ms_p50']:.2f} / {ours['latency_ms_p99']:.2f} "
              f"| {theirs['latency_ms_p50']:.2f} / {theirs['latency_ms_p99']:.2f} "
              f"| {ours['wire_bytes_per_delivery']:.0f} / {theirs['wire_bytes_per_delivery']:.0f} "
              f"| {ours['delivered'] / ours['expected']:.1%} / {theirs['delivered'] / theirs['expected']:.1%} |",
              flush=True)
        for who, result in (("p2p", ours), ("js", theirs)):
            figures |= {f"{who}_gossip{nodes}_{name}": value for name, value in result.items()}
    program = ("gossip", "2", "full", "rate")
    ours, theirs = both(program, program, rounds)
    print(f"\nVerified messages of 1 KiB a second between two nodes: ghmesh {ours['messages_per_second']:.0f}, "
          f"js {theirs['messages_per_second']:.0f} (aim: 10,000).")
    figures |= {"p2p_messages_per_second": ours["messages_per_second"],
                "js_messages_per_second": theirs["messages_per_second"]}
    return figures
