# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Writes what the suite found as a page: who was there in which version, and a table of lines and pairs.

The page is made by `make interop` alone and says nothing of the day or the machine, so it changes when results do.
"""

import json
import pathlib
import re

import peers
import scenes

HEAD = """# Interoperability

What `make interop` found last; [tests/interop/README.md](../tests/interop/README.md) says how. Each line is a scene of
[tests/interop/scenes.py](../tests/interop/scenes.py) that two implementations play together, each as dialer and as
listener. `make check` plays those with js-libp2p.

"""
HOW = {"passed": "yes", "failed": "**no**", "": ""}


def version_in_lock(name):
    """The version of a peer's library, from the file that pins it."""
    here = peers.HERE
    if name == "js":
        packages = json.loads((here / "js" / "package-lock.json").read_text())["packages"]
        return ", ".join(f"{part} {packages['node_modules/' + part]['version']}"
                         for part in ("libp2p", "@chainsafe/libp2p-noise", "@chainsafe/libp2p-yamux",
                                      "@libp2p/gossipsub"))
    if name == "go":
        found = re.findall(r"(go-libp2p\S*) (v\S+)$", (here / "go" / "go.mod").read_text(), re.MULTILINE)
        return ", ".join(f"{part} {version}" for part, version in found)
    if name == "rust":
        found = re.findall(r'name = "(libp2p(?:-gossipsub)?|yamux)"\nversion = "(\S+)"',
                           (here / "rust" / "Cargo.lock").read_text())
        return ", ".join(f"{part} {version}" for part, version in found)
    if name == "py":
        return " ".join(re.findall(r"^(libp2p)==(\S+)", (here / "py" / "requirements.txt").read_text(),
                                   re.MULTILINE)[0])
    return "this tree"


class Report:
    def __init__(self, config):
        self.config = config
        self.path = pathlib.Path(config.getoption("--report"))
        self.cells = {}  # by (line, column): passed or failed

    def pytest_runtest_logreport(self, report):
        cell = dict(report.user_properties).get("cell")
        if cell is None or (report.when != "call" and report.outcome == "passed"):
            return
        cell = tuple(cell)
        if self.cells.get(cell) != "failed":  # several tests may share a line
            self.cells[cell] = report.outcome

    def pytest_sessionfinish(self):
        if not self.cells:
            return
        subject = self.config.getoption("--subject")
        partners = [name for name in peers.IMPLEMENTATIONS if any(name in column for _, column in self.cells)]
        columns = [column for partner in partners
                   for column in (f"{subject} → {partner}", f"{partner} → {subject}")
                   if any(column == other for _, other in self.cells)]
        text = HEAD + "| Implementation | Versions |\n|---|---|\n"
        text += "".join(f"| {name} | {version_in_lock(name)} |\n" for name in partners)
        absent = [name for name, one in peers.IMPLEMENTATIONS.items() if not one.is_built]
        if absent:
            text += f"\nNot built where this was made: {', '.join(absent)}.\n"
        text += f"\n| dialer → listener | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}\n"
        for line in scenes.LINES:
            found = [HOW[self.cells.get((line, column), "")] for column in columns]
            text += f"| {line} | {' | '.join(found)} |\n"
        notes = peers.HERE / "notes.md"
        self.path.write_text(text + "\n" + notes.read_text())
