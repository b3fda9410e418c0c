# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Whom the suite pairs, and its fixtures: hosts that live as long as the session, nodes that live as long as a test."""

import pytest

pytest.register_assert_rewrite("forged", "peers", "scenes", "transport")

import peers  # noqa: E402
import report  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--subject", default="ghmesh", choices=peers.IMPLEMENTATIONS,
                     help="whom to pair with the others: another one than ghmesh tests the peers and the suite")
    parser.addoption("--with", default="js", dest="partners", metavar="NAME,...",
                     help="the others; `built` stands for all that have been built")
    parser.addoption("--report", help="write the results there, as a page of Markdown")


def pytest_configure(config):
    if config.getoption("--report"):
        config.pluginmanager.register(report.Report(config), "interop-report")


def partners_of(config):
    wanted = config.getoption("partners")
    if wanted == "built":
        return [name for name, one in peers.IMPLEMENTATIONS.items()
                if one.is_built and name != config.getoption("--subject")]
    return wanted.split(",")


def pytest_generate_tests(metafunc):
    """`pair` is (dialer, listener), both ways round; `partner` is each of the others."""
    subject = metafunc.config.getoption("--subject")
    partners = partners_of(metafunc.config)
    if "pair" in metafunc.fixturenames:
        pairs = [pair for partner in partners for pair in dict.fromkeys(((subject, partner), (partner, subject)))]
        metafunc.parametrize("pair", pairs, ids="-".join)
    if "partner" in metafunc.fixturenames:
        metafunc.parametrize("partner", partners)


@pytest.fixture(scope="session")
def hosts():
    """Hosts by name and role: an implementation that is paired with itself is hosted twice."""
    made = {}

    def host(name, role):
        return made.setdefault((name, role), peers.Host(peers.IMPLEMENTATIONS[name]))

    host.all = made
    yield host
    for one in made.values():
        one.stop()


@pytest.fixture
def start(hosts):
    """Starts a node of an implementation; all of them are stopped when the test has ended."""
    yield lambda name, role="", **options: hosts(name, role).node(**options)
    for host in hosts.all.values():
        host.release()


@pytest.fixture
def subject(request):
    return request.config.getoption("--subject")
