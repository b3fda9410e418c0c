# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Every example of the npm package @octokit/webhooks-examples, against a table of what it must put in doubt, and not.

A row of the table is an event: `None` for one that is knowingly ignored, with its reason, or the paths of the example's
own repository (or, with {owner}, of its organization or account) that must be asked for again, and such as need not.
"""

import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = json.loads((HERE / "node_modules/@octokit/webhooks-examples/api.github.com/index.json").read_text())

TALK = (["issues/1", "issues", "pulls/1", "issues/1/comments"], ["branches", "hooks"])
GIT = (["commits", "branches/main", "git/refs/heads/main", "contents/README.md", "compare/a...b", "tags"], ["hooks"])
RUNS = (["actions/runs", "actions/runs/1/jobs", "actions/workflows/1/runs", "commits/abc/check-runs"],
        ["hooks", "milestones"])
CHECKS = (["commits/abc/status", "commits/abc/check-runs", "check-suites/1", "pulls/1"], ["hooks", "milestones"])
COUNTS = (["", "stargazers"], ["issues", "hooks"])
ALL = (["", "issues", "contents/x", "actions/runs", "hooks"], [])


def only(place):
    return ([place], ["issues", "commits"])


OWNER = (["/orgs/{owner}", "/orgs/{owner}/members"], ["/orgs/somebody-else", "/repos/somebody/else"])
OWNER_ALL = (["/orgs/{owner}/teams", "/repos/{owner}/any/contents/x", "/user/repos"], ["/repos/somebody/else/issues"])

TABLE = {
    "branch_protection_rule": only("branches/main/protection"),
    "check_run": CHECKS, "check_suite": CHECKS, "status": CHECKS,
    "code_scanning_alert": only("code-scanning/alerts"),
    "commit_comment": (["commits/abc", "comments/1"], ["hooks"]),
    "create": GIT, "delete": GIT, "push": GIT,
    "dependabot_alert": only("dependabot/alerts"), "repository_vulnerability_alert": only("dependabot/alerts"),
    "deploy_key": only("keys"),
    "deployment": (["deployments", "deployments/1/statuses"], ["hooks"]),
    "deployment_review": RUNS,
    "deployment_status": (["deployments/1/statuses", "commits/abc/status"], ["hooks"]),
    "discussion": only("discussions"), "discussion_comment": only("discussions/1/comments"),
    "fork": (["", "forks"], ["issues"]),
    "github_app_authorization": None,  # a user's token dies: the next question with it says so
    "gollum": None,  # wikis are not in the API
    "installation": OWNER_ALL, "installation_repositories": OWNER_ALL,
    "issue_comment": TALK, "issues": TALK, "label": TALK, "milestone": TALK,
    "marketplace_purchase": None,  # listings are asked for with an App's JWT, which is never kept
    "member": ALL, "team_add": ALL, "public": ALL, "repository": ALL, "repository_import": ALL,
    "membership": OWNER_ALL, "organization": OWNER_ALL,
    "merge_group": (["pulls", "commits/abc/check-runs"], ["hooks"]),
    "meta": None,  # this webhook was deleted: there will be no more
    "org_block": OWNER,
    "package": only("packages"),
    "page_build": only("pages/builds"),
    "ping": None,  # says only that it works
    "project": None, "project_card": None, "project_column": None,  # below, by whose they are
    "projects_v2_item": OWNER,
    "pull_request": (["pulls/1", "pulls", "issues/1", "commits/abc/check-runs", "actions/runs"], ["hooks", "keys"]),
    "pull_request_review": TALK, "pull_request_review_comment": TALK,
    "pull_request_review_thread": TALK,
    "release": (["releases", "releases/latest", "tags", "git/refs/tags/v1"], ["issues"]),
    "repository_dispatch": RUNS, "workflow_dispatch": RUNS, "workflow_job": RUNS, "workflow_run": RUNS,
    "security_advisory": None,  # GitHub's own database: an hour's freshness, and nobody waits for it
    "sponsorship": None,  # not in the REST API
    "star": COUNTS, "watch": COUNTS,
    "team": (["/orgs/{owner}/teams"], ["/repos/somebody/else/issues"]),
}
PROJECTS = ("project", "project_card", "project_column")


class Program:
    def __init__(self):
        self.process = subprocess.Popen([os.environ["GHMESH_GITHUB_LINES"]], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@pytest.fixture(scope="module")
def program():
    running = Program()
    yield running
    running.process.stdin.close()
    assert running.process.wait() == 0


def cases():
    for event in EXAMPLES:
        for number, payload in enumerate(event["examples"]):
            yield pytest.param(event["name"], payload, id=f"{event['name']}-{number}")


def expand(path, payload):
    """A path of the payload's own repository, or of its owner."""
    if path.startswith("/"):
        login = (payload.get("organization") or payload.get("installation", {}).get("account") or
                 payload.get("repository", {}).get("owner") or {}).get("login")
        return path.replace("{owner}", login or "nobody")
    return f"/repos/{payload['repository']['full_name']}/{path}".rstrip("/")


def test_there_are_329_examples_of_58_events():
    assert (len(EXAMPLES), sum(len(event["examples"]) for event in EXAMPLES)) == (58, 329)
    assert set(TABLE) == {event["name"] for event in EXAMPLES}


@pytest.mark.parametrize("event, payload", cases())
def test_an_event_puts_in_doubt_what_it_is_about(program, event, payload):
    row = TABLE[event]
    if event in PROJECTS:
        row = only("projects") if "repository" in payload else OWNER
    if row is None:
        assert program.ask(f"event {event}", json.dumps(payload)) == "ignored"
        return
    if event == "team" and "repository" in payload:
        row = ALL
    doubted, untouched = ([expand(path, payload) for path in paths] for paths in row)
    answer = program.ask(f"event {event} {' '.join(doubted + untouched)}", json.dumps(payload))
    assert answer == "doubts " + "1" * len(doubted) + "0" * len(untouched), (doubted, untouched)
    if "repository" in payload and not row[0][0].startswith("/"):
        by_id = f"/repositories/{payload['repository']['id']}"
        paths = [f"{by_id}/{path}".rstrip("/") for path in row[0]]
        assert program.ask(f"event {event} {' '.join(paths)}", json.dumps(payload)) == "doubts " + "1" * len(paths)


@pytest.mark.parametrize("payload", ["", "{", "[]", "{}", '{"repository":{"full_name":"no slash"}}',
                                     '{"repository":7}'])
def test_a_payload_that_names_nothing_is_an_error(program, payload):
    assert program.ask("event push /repos/o/r", payload) == "error malformed"


def test_an_event_that_nobody_knows_says_nothing(program):
    assert program.ask("event brand_new /repos/o/r", '{"repository":{"full_name":"o/r"}}') == "unknown"
