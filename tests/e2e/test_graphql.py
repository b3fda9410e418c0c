# SPDX-License-Identifier: Apache-2.0 OR MIT
"""GraphQL through a daemon: what is kept, for whom and for how long, and what never is. With real gh and by hand."""

import concurrent.futures
import json
import time

import pytest

import harness
from harness import TOKEN

OTHER = "ghp_model_monalisa_1"
ISSUES = ("query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) "
          "{ issues(first: 5) { totalCount nodes { number title state } } } }")
WIDGETS = {"owner": "octo-org", "name": "widgets"}


def post(daemon, query, token=TOKEN, headers=None, **more):
    body = json.dumps({"query": query, **more}).encode()
    return daemon.ask("/graphql", token, method="POST", body=body, headers=headers or {})


def test_a_query_is_charged_once_in_any_layout(daemon, model):
    first = post(daemon, ISSUES, variables=WIDGETS)
    assert (first.status, first.detail) == (200, "fetched")
    again = post(daemon, "# the same\n" + ISSUES.replace("{ ", "{\n  "), variables=dict(reversed(WIDGETS.items())))
    assert again.detail == "fresh"
    assert again.body == first.body
    assert post(daemon, ISSUES, variables={**WIDGETS, "name": "empty"}).detail == "fetched"
    assert model.charged() == 2


def test_nobody_is_served_what_another_was_told(daemon, model):
    assert post(daemon, "{ viewer { login } }").json()["data"]["viewer"]["login"] == "octocat"
    other = post(daemon, "{ viewer { login } }", token=OTHER)
    assert (other.detail, other.json()["data"]["viewer"]["login"]) == ("fetched", "monalisa")
    assert post(daemon, "{ viewer { login } }", token=None).detail == "fetched"


def test_who_asks_together_pays_once(daemon, model):
    model.control("mode?latency_ms=300")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: post(daemon, ISSUES, variables=WIDGETS), range(20)))
    assert {answer.status for answer in answers} == {200}
    assert model.charged() == 1


def test_merge_gates_are_asked_for_every_time(daemon, model):
    gate = "{ repository(owner: \"octo-org\", name: \"widgets\") " \
           "{ pullRequests(first: 1) { nodes { state mergeable } } } }"
    assert [post(daemon, gate).detail for _ in range(3)] == ["fetched"] * 3
    assert model.charged() == 3


def pull_number(model):
    connection = model.connection()
    number = harness.ask(connection, "/repos/octo-org/widgets/pulls", TOKEN).json()[0]["number"]
    connection.close()
    return number


def test_a_gate_is_free_while_the_pull_request_that_it_is_of_has_not_changed(daemon, model):
    number = pull_number(model)
    gate = ("query($n: Int!) { repository(owner: \"octo-org\", name: \"widgets\") "
            "{ pullRequest(number: $n) { state title mergeable headRefOid } } }")

    def look():
        answer = post(daemon, gate, variables={"n": number})
        assert answer.body == expected_of(model, gate, {"n": number})
        return answer.detail
    # Once plainly; once with its witness, which is a call of its own, and makes GitHub compute `mergeable`; once more
    # for that; and from then on for nothing.
    assert [look() for _ in range(3)] == ["fetched"] * 3
    charged = model.charged()
    assert [look() for _ in range(5)] == ["revalidated"] * 5
    assert model.charged() == charged
    # A change is seen with the next question.
    for _ in range(3):
        model.control(f"change?path=/repos/octo-org/widgets/pulls/{number}&token={TOKEN}")
        assert look() == "fetched"
    time.sleep(5.1)  # what has just changed says nothing yet
    assert look() == "fetched"
    assert look() == "revalidated"
    # Who wants GitHub's own word gets it.
    assert post(daemon, gate, variables={"n": number}, headers={"Cache-Control": "no-cache"}).detail == "fetched"


def test_a_list_of_pull_requests_is_free_while_nothing_in_the_repository_was_updated(daemon, model):
    gate = ("{ repository(owner: \"octo-org\", name: \"widgets\") "
            "{ pullRequests(first: 30) { nodes { number title state isDraft } } } }")
    details = [post(daemon, gate).detail for _ in range(4)]
    assert details == ["fetched", "fetched", "revalidated", "revalidated"]
    number = pull_number(model)
    model.control(f"change?path=/repos/octo-org/widgets/pulls/{number}&token={TOKEN}")
    after = post(daemon, gate)
    assert after.detail == "fetched" and after.body == expected_of(model, gate)


def test_checks_by_the_id_of_a_pull_request_are_free_once_its_number_is_known(daemon, model):
    """As `gh pr checks` asks: first for the id, then for what is below it."""
    by_number = ("query($n: Int!) { repository(owner: \"octo-org\", name: \"widgets\") "
                 "{ pullRequest(number: $n) { number headRefName headRefOid id } } }")
    by_id = ("query($id: ID!) { node(id: $id) { ...on PullRequest { commits(last: 1) { nodes { commit "
             "{ statusCheckRollup { contexts(first: 100) { nodes { __typename } } } } } } } } }")
    number = pull_number(model)
    for _ in range(4):
        known = post(daemon, by_number, variables={"n": number})
    variables = {"id": known.json()["data"]["repository"]["pullRequest"]["id"]}
    assert known.detail == "revalidated"
    details = []
    for _ in range(3):
        details.append(post(daemon, by_id, variables=variables).detail)
        time.sleep(10.1)  # as long as checks are fresh
    charged = model.charged()
    assert post(daemon, by_id, variables=variables).detail == "revalidated", details
    assert model.charged() == charged


def expected_of(model, query, variables=None):
    """What GitHub would say now."""
    body = json.dumps({"query": query, **({"variables": variables} if variables else {})})
    connection = model.connection()
    answer = harness.ask(connection, f"/_model/expect?path=/graphql&token={TOKEN}", method="GET", body=body)
    connection.close()
    return answer.body


def test_trap_14_errors_and_partial_data_are_never_kept(daemon, model):
    half = "{ viewer { login } repository(owner: \"octo-org\", name: \"no-such-thing\") { id } }"
    for _ in range(2):
        answer = post(daemon, half)
        assert answer.status == 200 and answer.json()["errors"]
        assert answer.detail == "fetched"
    assert model.calls() == 2


def test_trap_14_a_limit_is_served_from_what_is_held_and_else_told(daemon, model):
    gate = "{ repository(owner: \"octo-org\", name: \"widgets\") { pullRequests(first: 1) { nodes { state } } } }"
    kept = post(daemon, gate)
    model.control("limit?remaining=0")
    stale = post(daemon, gate)
    assert (stale.detail, stale.body) == ("stale", kept.body)
    told = post(daemon, "{ viewer { login } }")
    assert (told.status, told.detail) == (429, "limited") and int(told.headers["Retry-After"]) > 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"query":"{ viewer"}', b'{"query":"{ a }","query":"{ b }"}',
                                  b'{"query":"{ viewer { login } }","variables":[]}'])
def test_what_is_no_query_passes_through_unstored(daemon, model, body):
    for calls in (1, 2):
        answer = daemon.ask("/graphql", TOKEN, method="POST", body=body)
        assert answer.detail == "passed"
        assert model.calls() == calls


def test_ten_megabytes_of_query_are_refused(daemon, model):
    head = (f"POST /graphql HTTP/1.1\r\nHost: {daemon.tcp_address[0]}:{daemon.tcp_address[1]}\r\n"
            f"Authorization: token {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {10 << 20}\r\n\r\n")
    answer = harness.exchange_raw(daemon.tcp_address, head.encode() + b'{"query":"')
    assert harness.status_of(answer) == 413
    assert model.calls() == 0
    assert daemon.ask("/user", TOKEN).status == 200


def test_trap_23_who_writes_reads_what_was_written(daemon, model):
    post(daemon, ISSUES, variables=WIDGETS)
    post(daemon, ISSUES, variables={**WIDGETS, "name": "empty"})
    daemon.ask("/repos/octo-org/widgets/issues/130", TOKEN, method="PATCH", body=b'{"title":"Changed through us"}')
    answer = post(daemon, ISSUES, variables=WIDGETS)
    assert answer.detail == "fetched"
    # Another repository's answer stands: nothing was written there.
    assert post(daemon, ISSUES, variables={**WIDGETS, "name": "empty"}).detail == "fresh"


def test_trap_24_the_caller_may_want_it_asked_again(daemon, model):
    post(daemon, ISSUES, variables=WIDGETS)
    assert post(daemon, ISSUES, variables=WIDGETS, headers={"Cache-Control": "no-cache"}).detail == "fetched"
    only = post(daemon, "{ viewer { login } }", headers={"Cache-Control": "only-if-cached"})
    assert only.status == 504
    assert model.charged() == 2


def test_it_survives_a_restart(folder, model):
    daemon = harness.Daemon(folder, model.url)
    post(daemon, ISSUES, variables=WIDGETS)
    assert daemon.stop() == 0
    daemon = harness.Daemon(folder, model.url)
    assert post(daemon, ISSUES, variables=WIDGETS).detail == "fresh"
    assert model.charged() == 1
    assert daemon.stop() == 0


def test_gh_lists_issues_for_one_call(daemon, model):
    first = harness.gh(daemon, "issue", "list", "-R", "octo-org/widgets", "--json", "number,title,state")
    charged = model.charged()
    again = harness.gh(daemon, "issue", "list", "-R", "octo-org/widgets", "--json", "number,title,state")
    assert json.loads(first.stdout) == json.loads(again.stdout) != []
    assert model.charged() == charged
