#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A day of agents, replayed against the model of GitHub: with ghmesh between them and GitHub, and without.

What the tools ask is recorded from the real gh at the start of the run; when they ask it, and what changes meanwhile,
is drawn from a seed. The clock is libfaketime's: every process reads it from one file, and it is moved from call to
call. Each answer is compared with what GitHub would have answered then: one that GitHub never gave is wrong, and one
that GitHub has not given for longer than its class allows is over age. Of both there must be none.
"""

import argparse
import collections
import contextlib
import heapq
import http.server
import json
import os
import pathlib
import random
import socketserver
import sys
import threading
import time
from urllib.parse import quote

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
os.environ.setdefault("GHMESH_BUILD", str(ROOT / "build/release"))
sys.path.insert(0, str(ROOT / "tests/e2e"))

import harness  # noqa: E402

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
BEGIN = 1_800_000_000  # of the day that is replayed; any will do
ORGANIZATION = "octo-org"
TOKENS = [f"ghp_model_{name}_1" for name in ("octocat", "monalisa")]
# How old an answer may be, in seconds: of what is asked for, and nothing is a merge gate but where it says so.
AGE_MAX = 60


class Clock:
    """The file that libfaketime reads: an offset to the machine's clock."""

    def __init__(self, folder):
        self.path = folder / "clock"
        self.move_to(0)

    def move_to(self, seconds):
        self.now = seconds
        temporary = self.path.with_suffix(".new")
        temporary.write_text(f"{BEGIN + seconds - time.time():+.3f}")
        temporary.replace(self.path)

    def __enter__(self):
        """Processes that are started here live by this clock; we do not."""
        self.variables = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(self.path), "FAKETIME_NO_CACHE": "1"}
        os.environ.update(self.variables)

    def __exit__(self, *_):
        for name in self.variables:
            del os.environ[name]


class Recorder:
    """Between gh and the model: what gh asks, as it asks it."""

    def __init__(self, folder, model):
        self.folder = folder
        self.socket = folder / "recorder.sock"
        self.calls = calls = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fields = {name: value for name, value in self.headers.items()
                          if name.lower() not in ("host", "connection", "accept-encoding", "content-length")}
                calls.append({"method": self.command, "path": self.path, "body": body,
                              "headers": {name: value for name, value in fields.items() if name != "Authorization"}})
                connection = model.connection()
                connection.request(self.command, self.path, body, fields)
                answer = connection.getresponse()
                said = answer.read()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
                connection.close()

            do_GET = do_POST = pass_on

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

        self.server = Server(str(self.socket), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def record(self, *arguments):
        self.calls.clear()
        done = harness.gh(self, *arguments, check=False)
        if not self.calls:
            raise RuntimeError(f"gh {arguments}: {done.stderr.decode()}")
        return list(self.calls)


class Tools:
    """Each tool as the calls that it makes; of one repository and one thing in it, which are put into their places."""

    def __init__(self, recorder, sample):
        repo, pull, issue, run = sample["repo"], sample["pull"], sample["issue"], sample["run"]
        there = ("-R", f"{ORGANIZATION}/{repo}")
        self.sample = sample
        self.calls = {
            "gh pr list": recorder.record("pr", "list", *there),
            "gh pr view": recorder.record("pr", "view", str(pull), *there),
            "gh pr checks": recorder.record("pr", "checks", str(pull), *there),
            "gh run list": recorder.record("run", "list", *there),
            "gh run watch": recorder.record("run", "view", str(run), *there),
            "gh issue list": recorder.record("issue", "list", *there),
            "gh issue view": recorder.record("issue", "view", str(issue), *there),
        }
        get = [("octokit pulls", f"/repos/{ORGANIZATION}/{repo}/pulls"),
               ("octokit issue", f"/repos/{ORGANIZATION}/{repo}/issues/{issue}"),
               ("octokit runs", f"/repos/{ORGANIZATION}/{repo}/actions/runs?per_page=5"),
               ("octokit commits", f"/repos/{ORGANIZATION}/{repo}/commits?per_page=1"),
               ("octokit repo", f"/repos/{ORGANIZATION}/{repo}")]
        for name, path in get:
            self.calls[name] = [{"method": "GET", "path": path, "body": b"",
                                 "headers": {"Accept": "application/vnd.github.v3+json"}}]

    def of(self, tool, thing):
        """The same calls about another thing."""
        for call in self.calls[tool]:
            path, body = call["path"], call["body"].replace(self.sample["node"].encode(), thing["node"].encode())
            for name in ("repo", "pull", "issue", "run"):
                old, new = str(self.sample[name]), str(thing[name])
                if name == "repo":
                    path = path.replace(f"/{old}/", f"/{new}/").replace(f"/{old}", f"/{new}", path.endswith(f"/{old}"))
                    body = body.replace(f'"{old}"'.encode(), f'"{new}"'.encode())
                elif tool.split()[1] in {"pull": ("pr",), "issue": ("issue",), "run": ("run", "runs")}[name]:
                    path = path.replace(f"/{old}", f"/{new}")
                    body = body.replace(f'":{old}'.encode(), f'":{new}'.encode())
            yield {**call, "path": path, "body": body}


# What an agent does with a repository, and how often: weights, and seconds until it looks again.
HABITS = [("gh pr list", 4, 60), ("gh pr view", 6, 30), ("gh pr checks", 6, 15), ("gh run list", 5, 30),
          ("gh run watch", 6, 3), ("gh issue list", 4, 60), ("gh issue view", 3, 60), ("octokit pulls", 3, 30),
          ("octokit issue", 2, 30), ("octokit runs", 3, 15), ("octokit commits", 2, 60), ("octokit repo", 1, 300)]


def make_trace(seed, hours, things, changes_an_hour):
    """(second, kind, ...) in order: what is asked by whom, and what changes."""
    draw = random.Random(seed)
    events = []
    for agent in range(8):
        now = draw.uniform(0, 60)
        while now < hours * 3600:
            thing = draw.choice(things)
            until = now + draw.uniform(120, 900)  # it works on one thing for a while
            watched = draw.choices(HABITS, [habit[1] for habit in HABITS], k=3)
            looks = [(now + draw.uniform(0, 5), number) for number in range(len(watched))]
            heapq.heapify(looks)
            while looks and looks[0][0] < min(until, hours * 3600):
                at, number = heapq.heappop(looks)
                tool, _, pause = watched[number]
                events.append((at, "ask", agent, tool, thing))
                heapq.heappush(looks, (at + pause * draw.uniform(0.9, 1.3), number))
            now = until + draw.uniform(0, 120)
    for thing in things:
        for kind in ("pulls", "issues", "runs"):
            now = 0
            while changes_an_hour:
                now += draw.expovariate(changes_an_hour / 3600 / 3)
                if now >= hours * 3600:
                    break
                events.append((now, "change", kind, thing))
    return sorted(events, key=lambda event: event[:2])


class Truth:
    """What GitHub would have answered to a call, and since when and until when."""

    def __init__(self, model):
        self.model = model
        self.connection = model.connection()
        self.known = collections.defaultdict(list)  # by call: (since, body)

    def body_now(self, token, call):
        target = f"/_model/expect?path={quote(call['path'], safe='')}&token={token}"
        if accept := call["headers"].get("Accept"):
            target += f"&accept={quote(accept, safe='')}"
        self.connection.request("GET", target, call["body"] or None)
        answer = self.connection.getresponse()
        return answer.read()

    @staticmethod
    def name(token, call):
        return token, call["path"], call["body"]

    def look(self, now, token, call):
        body = self.body_now(token, call)
        history = self.known[self.name(token, call)]
        if not history or history[-1][1] != body:
            history.append((now, body))

    def look_again(self, now, repo):
        """After a change: at every call about this repository that anybody has made."""
        for name in list(self.known):
            token, path, body = name
            if f"/{repo}" in path or f'"{repo}"'.encode() in body:
                self.look(now, token, {"path": path, "body": body, "headers": self.headers[name]})

    headers = {}

    def judge(self, now, token, call, body):
        """Nothing, or what is wrong; and for how many seconds GitHub has not said so any more."""
        history = self.known[self.name(token, call)]
        for index in range(len(history) - 1, -1, -1):
            if history[index][1] == body:
                return None, (now - history[index + 1][0]) if index + 1 < len(history) else 0
        return "wrong", 0


def call_over(server, token, call):
    """As gh does: a connection for each call."""
    connection = server.connection()
    headers = {**call["headers"], "Authorization": f"token {token}", "User-Agent": "agent-day"}
    connection.request(call["method"], call["path"], call["body"] or None, headers)
    answer = connection.getresponse()
    said = answer.status, answer.headers, answer.read()
    connection.close()
    return said


def replay(trace, tools, folder, with_ghmesh, options):
    folder.mkdir()
    clock = Clock(folder)
    with contextlib.nullcontext() if options.still else clock:
        model = harness.Model(folder, *([] if options.limit else ["--unlimited"]))
        daemon = harness.Daemon(folder, model.url, tcp=False) if with_ghmesh else None
    find_things(model, options.repositories)
    model.control("reset")
    if options.limit:
        model.control(f"limit?remaining={options.limit}")
    truth = Truth(model)
    asked, by_tool = 0, collections.defaultdict(lambda: [0, 0])
    details, wrong, over_age, worst, refused = collections.Counter(), [], [], 0, 0
    began = time.monotonic()
    for event in trace:
        clock.move_to(event[0])
        now = time.monotonic() - began if options.still else event[0]
        if event[1] == "change":
            _, _, kind, thing = event
            number = {"pulls": thing["pull"], "issues": thing["issue"], "runs": thing["run"]}[kind]
            place = "actions/runs" if kind == "runs" else kind
            model.control(f"change?path=/repos/{ORGANIZATION}/{thing['repo']}/{place}/{number}&token={TOKENS[0]}")
            truth.look_again(now, thing["repo"])
            continue
        _, _, agent, tool, thing = event
        token = TOKENS[agent % len(TOKENS)]
        for call in tools.of(tool, thing):
            truth.headers[Truth.name(token, call)] = call["headers"]
            truth.look(now, token, call)
            before = model.charged() if options.by_tool else 0
            status, headers, body = call_over(daemon or model, token, call)
            asked += 1
            if options.by_tool:
                by_tool[tool][0] += 1
                by_tool[tool][1] += model.charged() - before
            detail = headers.get("Cache-Status", "").rpartition("detail=")[2]
            details[detail or "GitHub"] += 1
            if options.limit and (status in (403, 429) or detail == "stale"):
                refused += status != 200
                continue
            truth.look(now, token, call)  # asking may make GitHub compute what it then says to all
            verdict, age = truth.judge(now, token, call, body)
            worst = max(worst, age)
            if verdict or status >= 500:
                wrong.append((now, tool, call["path"], status, detail))
            elif age > AGE_MAX:
                over_age.append((now, tool, call["path"], age, detail))
    stats = model.stats()
    if daemon:
        daemon.assert_healthy()
        assert daemon.stop() == 0
    model.stop()
    return {"asked": asked, "charged": stats["charged_total"], "points": stats["points_total"],
            "calls": stats["calls_total"], "refused": refused, "punishable": stats["punishable_total"],
            "details": dict(details),
            "wrong": len(wrong), "over_age": len(over_age), "oldest_s": round(worst, 1),
            "by_tool": {tool: counts for tool, counts in by_tool.items()}, "examples": (wrong + over_age)[:5]}


def find_things(model, count):
    """Repositories of the model's own making, and in each a pull request, an issue and a run."""
    things = []
    for number in range(count):
        repo = f"day{number}"
        model.control(f"create?repo={ORGANIZATION}/{repo}&private=true&issues=24")
        connection = model.connection()

        def first(path):
            answer = harness.ask(connection, f"/repos/{ORGANIZATION}/{repo}{path}", TOKENS[0])
            assert answer.status == 200, (path, answer.body)
            return answer.json()
        pulls, issues = first("/pulls"), [each for each in first("/issues") if "pull_request" not in each]
        runs = first("/actions/runs")["workflow_runs"]
        things.append({"repo": repo, "pull": pulls[0]["number"], "node": pulls[0]["node_id"],
                       "issue": issues[0]["number"], "run": runs[0]["id"]})
        connection.close()
    return things


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--repositories", type=int, default=20)
    parser.add_argument("--changes", type=float, default=6, help="of each repository in an hour; 0: nothing changes")
    parser.add_argument("--still", action="store_true",
                        help="with the machine's own clock, which hardly moves meanwhile: for sanitized builds")
    parser.add_argument("--limit", type=int, default=0,
                        help="so much is left of each budget in its first hour: stale answers and refusals are counted "
                             "and not judged; nothing may be punishable")
    parser.add_argument("--ghmesh-only", action="store_true", help="not without it: each call counts there")
    parser.add_argument("--by-tool", action="store_true", help="and what each tool was charged")
    options = parser.parse_args()
    folder = harness.temporary_folder()
    try:
        (folder / "gh").mkdir()
        model = harness.Model(folder / "gh")
        things = find_things(model, options.repositories)
        tools = Tools(Recorder(folder / "gh", model), things[0])
        model.stop()
        trace = make_trace(options.seed, options.hours, things, options.changes)
        results = {name: replay(trace, tools, folder / name, name == "ghmesh", options)
                   for name in (("ghmesh",) if options.ghmesh_only else ("ghmesh", "alone"))}
    finally:
        harness.remove_folder(folder)
    ours, alone = results["ghmesh"], results.get("alone", {"charged": results["ghmesh"]["asked"]})
    for name, result in results.items():
        print(f"{name:7} asked {result['asked']}, GitHub was called {result['calls']} times and counted "
              f"{result['charged']}, {result['points']} points of the secondary limit, {result['punishable']} "
              f"punishable, {result['refused']} were refused; {result['details']}")
    print(f"free of charge: {100 * (1 - ours['charged'] / max(alone['charged'], 1)):.2f} %; wrong {ours['wrong']}, "
          f"over age {ours['over_age']}, the oldest {ours['oldest_s']} s behind GitHub")
    for tool, (count, charged) in sorted(ours["by_tool"].items()):
        print(f"  {tool:16} {count:6} calls, {charged:6} counted")
    for example in ours["examples"]:
        print("  ", example)
    print(json.dumps(results))
    sys.exit(ours["wrong"] + ours["over_age"] + ours["punishable"] > 0)


if __name__ == "__main__":
    main()
