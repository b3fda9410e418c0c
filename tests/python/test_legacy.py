# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Directories of the predecessor: its files as it writes them, read once, kept up side by side, and written back."""

import json
import os
import time

import ghmesh
import pytest


def sanitized(key):
    return key.replace("/", "_").replace(":", "_").replace("*", "_")


def write(directory, key, data, age=0, ttl=300, with_key=True):
    """A file as GitHubAPICache._save_to_disk writes it; older releases left out cache_key."""
    directory.mkdir(exist_ok=True)
    entry = {"cache_key": key, "data": data, "timestamp": time.time() - age, "ttl": ttl, "content_hash": None,
             "validation_fields": None}
    if not with_key:
        del entry["cache_key"]
    with open(directory / f"{sanitized(key)}.json", "w") as file:
        json.dump(entry, file)


def test_a_directory_is_taken_over_when_it_is_opened(make, tmp_path):
    old = tmp_path / "old"
    write(old, "get_repo_info:octocat/Hello-World", {"name": "Hello-World"})
    write(old, "list_repos:octocat:limit=10", [1, 2])
    write(old, "get_issue:octocat/x_y:7", {"n": 7}, age=1000)
    os.chmod(old, 0o755)  # as the predecessor makes it
    cache = make(cache_dir=old)
    assert cache.get("get_repo_info", "octocat/Hello-World") == {"name": "Hello-World"}
    assert cache.get("list_repos", "octocat", limit=10) == [1, 2]
    assert cache.get("get_issue", "octocat/x_y", 7) is None
    assert cache.get_stale("get_issue", "octocat/x_y", 7) == {"n": 7}
    assert len(list(old.glob("*.json"))) == 3
    cache.put("get_repo_info", {"name": "newer"}, None, "octocat/Hello-World")
    cache.shutdown()
    again = make(cache_dir=old)
    assert again.get("get_repo_info", "octocat/Hello-World") == {"name": "newer"}
    assert again.import_legacy(str(old))["moved"] == 0


def test_what_may_be_anothers_is_a_miss(make, tmp_path):
    old = tmp_path / "old"
    write(old, "list_workflow_runs:a/b_c", ["runs of a/b_c"], with_key=False)
    write(old, "get_repo_info:a/b_c", {"full_name": "a/b_c"}, with_key=False)
    cache = make(cache_dir=old)
    assert cache.get("list_workflow_runs", "a_b/c") is None
    assert cache.get("list_workflow_runs", "a/b_c") is None
    assert cache.get("get_repo_info", "a/b_c") == {"full_name": "a/b_c"}
    assert cache.get("get_repo_info", "a_b/c") is None


def test_bad_files_are_passed_over(make, tmp_path):
    old = tmp_path / "old"
    write(old, "good", 1)
    for number, text in enumerate(["", "{", "[]", '{"data":1}', "\x00" * 100, '{"data":1,"timestamp":"now","ttl":1}']):
        (old / f"bad{number}.json").write_text(text)
    (old / "folder.json").mkdir()
    os.symlink("/etc/passwd", old / "link.json")
    report = make().import_legacy(str(old))
    assert report == {"files": 9, "moved": 1, "older": 0, "skipped": 8}


def test_a_directory_that_is_not_there_is_named_as_such(make, tmp_path):
    with pytest.raises(FileNotFoundError):
        make().import_legacy(str(tmp_path / "nowhere"))
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make().export_legacy(str(tmp_path / "file/below"))


def test_what_is_written_back_is_what_the_predecessor_reads(make, tmp_path):
    cache = make()
    repo = {"name": "r", "updatedAt": "1", "pushedAt": None, "text": "\u00e9\n"}
    cache.put("get_repo_info", repo, 90, "o/r")
    cache.put("list_repos", [], None, "o", limit=10)
    cache.put("search", 1, None, "q" * 300)
    report = cache.export_legacy(str(tmp_path / "out"))
    assert (report["moved"], report["skipped"]) == (2, 1)
    path = tmp_path / "out/get_repo_info_o_r.json"
    entry = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert entry["cache_key"] == "get_repo_info:o/r" and entry["data"] == repo and entry["ttl"] == 90
    assert abs(entry["timestamp"] - time.time()) < 60
    assert entry["content_hash"] == ghmesh.validation_cid_of(entry["validation_fields"])
    assert sorted(entry) == ["cache_key", "content_hash", "data", "timestamp", "ttl", "validation_fields"]
    other = make(cache_dir=tmp_path / "second")
    assert other.import_legacy(str(tmp_path / "out"))["moved"] == 2
    assert other.get("list_repos", "o", limit=10) == []
