# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Directories of a test's own, and caches that are closed when it ends."""

import os
import pathlib
import sys

import pytest

BUILD = pathlib.Path(os.environ["PYTHON_MODULE_DIR"])
sys.path.insert(0, str(BUILD))

import ghmesh  # noqa: E402


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    """Nothing of this machine's own: neither its directories nor its tokens."""
    for name in list(os.environ):
        if name.startswith(("CACHE_", "GHMESH_", "GITHUB_", "GH_", "IPFS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GHMESH_CACHE_DIR", str(tmp_path / "default-cache"))
    monkeypatch.setenv("GHMESH_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHON_MODULE_DIR", str(BUILD))
    monkeypatch.setenv("PYTHONPATH", str(BUILD))


@pytest.fixture
def make(tmp_path):
    """make(**options): a cache in tmp_path/cache, unless another directory is named."""
    made = []

    def make_one(**options):
        options.setdefault("cache_dir", tmp_path / "cache")
        made.append(ghmesh.GitHubAPICache(**options))
        return made[-1]

    yield make_one
    for cache in made:
        cache.shutdown()
