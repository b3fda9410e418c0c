# SPDX-License-Identifier: Apache-2.0 OR MIT
"""PyGithub, Debian's own, over TCP. It follows the URLs inside answers and refuses those of another host."""

import socket

import pytest

import harness
from harness import TOKEN

github = pytest.importorskip("github", reason="tools/setup installs python3-github")


@pytest.fixture(params=["", "/api/v3"], ids=["plain", "enterprise"])
def base_url(request, daemon):
    return daemon.url + request.param


@pytest.fixture
def dialled(daemon, monkeypatch):
    """The addresses that this process connects to; any but the daemon's is refused."""
    addresses, connect = [], socket.socket.connect

    def guarded(self, address):
        if self.family != socket.AF_UNIX:
            addresses.append(address)
        if self.family != socket.AF_UNIX and address[:2] not in allowed:
            raise ConnectionRefusedError(f"a client left for {address}")
        return connect(self, address)

    host, port = daemon.tcp_address
    model_host, model_port = daemon.upstream.split("//")[1].split(":")
    # The tests themselves ask the model; that the client does not is read from the model's log.
    allowed = {(host, port), ("localhost", port), (model_host, int(model_port))}
    monkeypatch.setattr(socket.socket, "connect", guarded)
    return addresses


def assert_targets_are_canonical(model):
    """What stands in front of our paths on TCP is ours alone; GitHub is asked as its own clients would."""
    assert all(line["target"].startswith("/re") for line in model.log()), model.log()


def twice(model, read):
    """What `read` answers; the second time, with a client of its own, the model is not asked."""
    before = model.calls()
    first = read()
    asked = model.calls()
    assert asked > before
    assert read() == first
    assert model.calls() == asked, [line["target"] for line in model.log()[asked - before:]]
    return first


def client(base_url, **options):
    return github.Github(login_or_token=TOKEN, base_url=base_url, per_page=30, retry=None, **options)


def test_a_repository_is_read_with_its_urls_made_ours(model, base_url, dialled):
    def read():
        repository = client(base_url).get_repo("octo-org/widgets")
        return repository.full_name, repository.url, repository.raw_data

    name, url, document = twice(model, read)
    assert name == "octo-org/widgets"
    assert url == f"{base_url}/repos/octo-org/widgets"
    theirs = harness.json.loads(model.expect("/repos/octo-org/widgets")[2])
    assert {key for key in document} == {key for key in theirs}
    assert document["html_url"] == theirs["html_url"]  # a page for people, not the API
    assert_targets_are_canonical(model)


def test_pages_of_issues_are_followed_to_their_end(model, base_url, dialled):
    def read():
        return [issue.number for issue in client(base_url).get_repo("octo-org/widgets").get_issues(state="all")]

    assert twice(model, read) == list(range(130, 0, -1))
    assert len(model.log()) == 1 + 5  # the repository, and five pages of thirty
    assert_targets_are_canonical(model)


def test_what_is_reached_by_the_urls_in_a_body_stays_with_us(model, base_url, dialled):
    def read():
        repository = client(base_url).get_repo("octo-org/widgets")
        issue = repository.get_issue(4)
        branch = repository.get_branch("main")
        commit = branch.commit
        return ([comment.body for comment in issue.get_comments()], [b.name for b in repository.get_branches()],
                commit.commit.message, [label.name for label in repository.get_labels()])

    comments, branches, message, labels = twice(model, read)
    assert len(comments) == 2 and branches == ["main", "develop", "feature"] and message and len(labels) == 5
    assert {address[1] for address in dialled} <= {int(base_url.split(":")[2].split("/")[0]),
                                                   int(model.address.split(":")[1])}
    assert_targets_are_canonical(model)


def test_what_does_not_exist_is_unknown_twice(model, base_url, dialled):
    def read():
        with pytest.raises(github.UnknownObjectException) as failure:
            client(base_url).get_repo("octo-org/nowhere")
        return failure.value.status, failure.value.data["message"]

    assert twice(model, read) == (404, "Not Found")


def test_a_renamed_repository_is_followed(model, base_url, dialled):
    model.control("create?repo=octo-org/before&issues=3")
    model.control("rename?repo=octo-org/before&to=after")

    def read():
        return client(base_url).get_repo("octo-org/before").full_name

    assert twice(model, read) == "octo-org/after"
    assert_targets_are_canonical(model)


def test_a_mutation_goes_through(model, base_url, dialled):
    repository = client(base_url).get_repo("octo-org/widgets")
    issue = repository.create_issue(title="From PyGithub")
    assert issue.title == "From PyGithub" and issue.number == 131
    assert issue.url == f"{base_url}/repos/octo-org/widgets/issues/131"
    assert [line["method"] for line in model.log()] == ["GET", "POST"]
