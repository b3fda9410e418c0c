# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The fixtures of the end-to-end tests: a folder, a model and a daemon of one's own, gone when the test has ended."""

import pytest

import harness


@pytest.fixture
def folder():
    path = harness.temporary_folder()
    yield path
    harness.remove_folder(path)


@pytest.fixture
def model(folder):
    server = harness.Model(folder)
    yield server
    server.stop()


@pytest.fixture
def daemon(folder, model):
    server = harness.Daemon(folder, model.url)
    yield server
    if server.child.poll() is not None:
        return  # the test has ended it, and looked how
    server.assert_healthy()
    assert server.stop() == 0, server.stderr_text()[-4000:]
