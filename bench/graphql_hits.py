#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a fresh hit of GraphQL costs beside one of REST, of bodies that are alike: CPU of the daemon per request.

One daemon, one thread, wrk on the other core; the two are asked in turn. make bench-graphql
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
os.environ.setdefault("GHMESH_BUILD", str(ROOT / "build/release"))
sys.path.insert(0, str(ROOT / "tests/e2e"))

import harness  # noqa: E402

ROUNDS, SECONDS = 5, 2
PATH = "/repos/octo-org/widgets/issues?per_page=5"
QUERY = ("query IssueList($owner: String!, $repo: String!, $limit: Int, $endCursor: String, "
         "$states: [IssueState!] = OPEN) { repository(owner: $owner, name: $repo) { hasIssuesEnabled "
         "issues(first: $limit, after: $endCursor, orderBy: {field: CREATED_AT, direction: DESC}, states: $states) "
         "{ totalCount nodes { number title url state body updatedAt createdAt author { login } "
         "labels(first: 100) { nodes { id name description color } totalCount } "
         "assignees(first: 100) { nodes { id login name } totalCount } "
         "milestone { number title description dueOn } } pageInfo { hasNextPage endCursor } } } }")
BODY = json.dumps({"query": QUERY, "variables": {"limit": 18, "owner": "octo-org", "repo": "widgets",
                                                 "states": ["OPEN"]}})


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(daemon, folder, name, script):
    path = folder / f"{name}.lua"
    path.write_text(script)
    before = cpu_seconds(daemon.pid)
    said = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{SECONDS}s", "-s", path, daemon.url],
                          check=True, capture_output=True, text=True).stdout
    requests = next(int(line.split()[0]) for line in said.splitlines() if "requests in" in line)
    assert "Non-2xx" not in said, said
    return (cpu_seconds(daemon.pid) - before) / requests * 1e6


def main():
    folder = harness.temporary_folder()
    try:
        model = harness.Model(folder)
        daemon = harness.Daemon(folder, model.url, "--threads", "1", inside=("taskset", "-c", "0"))
        common = f'wrk.headers["Authorization"] = "token {harness.TOKEN}"\n'
        scripts = {"rest": common + f'wrk.path = "{PATH}"\n',
                   "graphql": common + f'wrk.path = "/graphql"\nwrk.method = "POST"\nwrk.body = [==[{BODY}]==]\n'
                                       'wrk.headers["Content-Type"] = "application/json"\n'}
        sizes = {"rest": len(daemon.ask(PATH, harness.TOKEN).body),
                 "graphql": len(daemon.ask("/graphql", harness.TOKEN, method="POST", body=BODY).body)}
        calls = model.calls()
        figures = {name: [] for name in scripts}
        for _ in range(ROUNDS):
            for name, script in scripts.items():
                figures[name].append(measure(daemon, folder, name, script))
        asked = model.calls() - calls
        for name, values in figures.items():
            print(f"{name:8} {sizes[name]:6} B  {statistics.median(values):6.2f} us of CPU per hit "
                  f"({min(values):.2f} to {max(values):.2f})")
        ratios = [one / other for one, other in zip(figures["graphql"], figures["rest"])]
        print(f"ratio    {statistics.median(ratios):.2f} (aim: at most 1.5); GitHub was asked {asked} times meanwhile")
        daemon.stop()
        model.stop()
    finally:
        harness.remove_folder(folder)


if __name__ == "__main__":
    main()
