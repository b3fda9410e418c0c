# SPDX-License-Identifier: Apache-2.0 OR MIT
"""docs/traps.md against the tree: each trap has its row, and each row's files have a test with the trap's number."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = {int(row[1]): re.findall(r"`((?:src|tests)/[\w/.]+)`", row[2]) for row in
        re.finditer(r"^\| (\d+) \|(.*)\|$", (ROOT / "docs/traps.md").read_text(), re.M)}


def test_there_are_thirty_five():
    assert sorted(ROWS) == list(range(1, 36))


def test_each_has_a_test_of_its_number_in_each_file_that_is_named():
    for number, files in ROWS.items():
        assert files, number
        for file in files:
            text = (ROOT / file).read_text()
            assert re.search(rf"TEST\w*\(\w+, Trap{number}(?!\d)|def test_trap_{number}_", text), (number, file)
