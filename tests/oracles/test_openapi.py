# SPDX-License-Identifier: Apache-2.0 OR MIT
"""GitHub's whole OpenAPI description: every GET operation has a class, and docs/routes.md says which."""

import importlib.machinery
import importlib.util
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ["GHMESH_GITHUB_LINES"]


def load_tool():
    loader = importlib.machinery.SourceFileLoader("make_route_table", str(ROOT / "tools/make_route_table"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


TOOL = load_tool()


def test_every_get_operation_has_a_class():
    known = list(TOOL.operations())
    assert len(known) > 500
    classes = TOOL.classify(PROGRAM, [example for _, example in known])
    assert len(classes) == len(known)
    assert [path for (path, _), row in zip(known, classes) if row[0] == "unknown"] == []


def test_a_path_that_is_not_described_has_none():
    assert TOOL.classify(PROGRAM, ["/repos/o/r/no-such-thing"])[0][0] == "unknown"


def test_what_mints_or_carries_secrets_is_never_kept():
    secret = [path for path, _ in TOOL.operations() if any(
        word in path for word in ("access_tokens", "registration-token", "remove-token", "/hooks", "/hook/", "/logs",
                                  "tarball", "zipball", "{archive_format}"))]
    examples = dict(TOOL.operations())
    assert len(secret) >= 19
    for path, row in zip(secret, TOOL.classify(PROGRAM, [examples[path] for path in secret])):
        assert row[1:3] == ["no", "no"], (path, row)


def test_the_table_for_people_is_up_to_date():
    assert (ROOT / "docs/routes.md").read_text() == TOOL.make_table(PROGRAM), "run tools/make_route_table"
