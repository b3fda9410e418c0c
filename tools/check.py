#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Enforces docs/STYLE.md where a machine can: tools/check.py [--headers]. Prints `file:line: what, and what instead`.

The map in src/CMakeLists.txt is the truth about rooms: who may include whom, through which doors, and who owns which
library. Everything else is a row of tools/check_rules.py.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

import check_rules as rules

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAP = "src/CMakeLists.txt"


class Room(NamedTuple):
    line: int
    doors: list
    uses: list
    owns: list


class Include(NamedTuple):
    line: int
    is_ours: bool  # written with quotes
    target: str


def parse_map(text):
    """The rooms, in the order of the map."""
    text = re.sub(r"#.*", "", text)
    rooms = {}
    for match in re.finditer(r"ghmesh_room\(\s*([\w/]+)([^)]*)\)", text):
        fields = {"DOORS": [], "USES": [], "OWNS": []}
        field = []
        for word in match[2].split():
            if word in fields:
                field = fields[word]
            else:
                field.append(word)
        rooms[match[1]] = Room(line_of(text, match.start()), fields["DOORS"], fields["USES"], fields["OWNS"])
    return rooms


def line_of(text, position):
    return text.count("\n", 0, position) + 1


COMMENT_OR_LITERAL = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"(\w*)\(.*?\)\1" | "(?:\\.|[^"\\\n])*" | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE)


def blank(code):
    """The same code with comments and literals blanked out: lines and columns stay."""
    def blank_one(match):
        edge = 1 if match[0][0] in "\"'" else 0
        inside = match[0][edge:len(match[0]) - edge]
        return match[0][:edge] + re.sub(r"[^\n]", " ", inside) + match[0][len(match[0]) - edge:]
    return COMMENT_OR_LITERAL.sub(blank_one, code)


def functions(blanked):
    """(first line, number of lines) of each function; a lambda belongs to the function around it."""
    scope = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()]*$")
    function = re.compile(r"\)\s*((const|noexcept|override|final|&&?|->[^;{}]*|:(?!:)[^;]*\))\s*)*$")
    code = re.sub(r"^\s*#.*(\\\n.*)*", lambda m: "\n" * m[0].count("\n"), blanked, flags=re.MULTILINE)
    open_braces, head_start, first_line = [], 0, 0
    for match in re.finditer(r"[{};]", code):
        inside_function = "function" in open_braces
        if match[0] == "{":
            head = code[head_start:match.start()]
            kind = "other"
            if not inside_function and scope.search(head):
                kind = "scope"
            elif not inside_function and function.search(head) and "](" not in head:
                kind = "function"
                first_line = line_of(code, head_start + len(head) - len(head.lstrip()))
            open_braces.append(kind)
            if kind != "other":
                head_start = match.end()
        elif match[0] == "}" and open_braces:
            kind = open_braces.pop()
            if kind == "function":
                yield first_line, line_of(code, match.start()) - first_line + 1
            if kind != "other":
                head_start = match.end()
        elif match[0] == ";" and not inside_function:
            head_start = match.end()


class Tree:
    """The texts of one checkout by path, tracked or new, and what is wrong with them."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.problems = set()
        self.texts = {}
        for name in self.list_files():
            try:
                self.texts[name] = (self.root / name).read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                self.report(name, 1, "not UTF-8: binary data belongs into a data/ folder")
        self.code = {name: text for name, text in self.texts.items() if name.endswith((".cc", ".h"))}
        self.blanked = {name: blank(text) for name, text in self.code.items()}
        self.includes = {name: find_includes(text) for name, text in self.code.items()}
        self.rooms = parse_map(self.texts.get(MAP, ""))

    def list_files(self):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout
        names = {name for name in listed.split("\0") if name and (self.root / name).is_file()}
        return sorted(name for name in names if not re.search(rules.DATA, name))

    def report(self, name, line, message):
        self.problems.add((name, line, message))

    def room_of(self, name):
        """The room of a file under src/: the longest folder that the map knows."""
        folder = os.path.dirname(name)[len("src/"):] if name.startswith("src/") else ""
        while folder and folder not in self.rooms:
            folder = os.path.dirname(folder)
        return folder or None


def find_includes(text):
    found = re.finditer(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', text, re.MULTILINE)
    return [Include(line_of(text, match.start()), match[1] == '"', match[2]) for match in found]


# ---- The rules: each takes the tree and reports ---------------------------------------------------------------------


def check_map(tree):
    above = set()
    for name, room in tree.rooms.items():
        for used in room.uses:
            if used not in above:
                tree.report(MAP, room.line, f"{name} uses {used}, which is not drawn above it: arrows go down")
        for door in room.doors:
            is_begun = any(file.startswith(f"src/{name}/") for file in tree.code)
            if is_begun and f"src/{name}/{door}" not in tree.code:
                tree.report(MAP, room.line, f"the door {name}/{door} does not exist")
        above.add(name)
    for file in tree.code:
        if file.startswith("src/") and not tree.room_of(file):
            tree.report(file, 1, "in no room: tools/new_room draws one")


def check_arrows(tree):
    """A header of another room is included only along a drawn arrow, and only through a door."""
    for file, includes in tree.includes.items():
        room = tree.room_of(file)
        for line, is_ours, target in includes:
            if not is_ours or resolve(tree, file, target) != f"src/{target}":
                if is_ours and not resolve(tree, file, target):
                    tree.report(file, line, f'"{target}" does not exist: name it from src/, as in "base/bytes.h"')
                continue
            other = tree.room_of(f"src/{target}")
            if other in (None, room):
                continue
            doors = tree.rooms[other].doors
            if room and other not in tree.rooms[room].uses:
                tree.report(file, line, f"{room} may not use {other}: {MAP} draws no such arrow")
            elif os.path.relpath(target, other) not in doors:
                tree.report(file, line, f"{target} is not a door of {other}; its doors: {' '.join(doors)}")


def resolve(tree, file, target):
    """The path of an included file of ours: from src/ or include/, or beside the file that includes it."""
    beside = os.path.normpath(os.path.join(os.path.dirname(file), target))
    return next((name for name in (f"src/{target}", f"include/{target}", beside) if name in tree.code), None)


def check_libraries(tree):
    """One owner per dependency."""
    libraries = {**rules.LIBRARIES, **rules.TEST_LIBRARIES}
    for file, includes in tree.includes.items():
        room = tree.room_of(file)
        owned = {*(tree.rooms[room].owns if room else rules.LIBRARIES), *rules.TEST_LIBRARIES}
        for line, is_ours, target in includes:
            if is_ours:
                continue
            matching = (name for name, library in libraries.items() if re.match(library.headers, target))
            name = next(matching, None)
            if not name:
                if not re.match(rules.COMMON_HEADERS, target):
                    tree.report(file, line, f"<{target}>: an unknown library; draw it in {MAP} and check_rules.py")
            elif name not in owned:
                owners = [other for other, drawn in tree.rooms.items() if name in drawn.owns]
                tree.report(file, line, f"<{target}> belongs to {' and '.join(owners) or 'no room'}: use its door")
            elif not re.search(libraries[name].files, file):
                tree.report(file, line, f"<{target}> is wrapped: only {libraries[name].files} may include it")


def check_asio_reach(tree):
    """How many sources compile Asio, directly or through a header of ours."""
    def reaches(file, seen):
        seen.add(file)
        for _, is_ours, target in tree.includes.get(file, []):
            if re.match(rules.LIBRARIES["asio"].headers, target):
                return True
            if is_ours and f"src/{target}" not in seen and reaches(f"src/{target}", seen):
                return True
        return False
    users = [file for file in tree.code
             if file.endswith(".cc") and not re.search(rules.TESTS, file) and reaches(file, set())]
    if len(users) > rules.ASIO_SOURCES_MAX:
        tree.report(MAP, 1, f"{len(users)} sources reach Asio, at most {rules.ASIO_SOURCES_MAX} may: {' '.join(users)}")


def check_sizes(tree):
    for name, text in tree.texts.items():
        lines_count = text.count("\n")
        lines_max = next((most for pattern, most in rules.LINES_MAX if re.search(pattern, name)), lines_count)
        if lines_count > lines_max:
            tree.report(name, lines_max, f"{lines_count} lines, at most {lines_max}: split it by noun")
        if re.search(rules.WIDE_LINES_MATTER, name):
            for number, line in enumerate(text.split("\n"), 1):
                if len(line) > rules.LINE_COLUMNS_MAX:
                    tree.report(name, number, f"{len(line)} columns, at most {rules.LINE_COLUMNS_MAX}"
                                              " (tools/format wraps comments)")
    for name, code in tree.blanked.items():
        for line, lines_count in functions(code):
            if lines_count > rules.FUNCTION_LINES_MAX:
                tree.report(name, line, f"a function of {lines_count} lines, at most {rules.FUNCTION_LINES_MAX}:"
                                        " split it by step")
    for name, room in tree.rooms.items():
        sources = [file for file in tree.code
                   if file.endswith(".cc") and tree.room_of(file) == name and not re.search(rules.TESTS, file)]
        if len(sources) > rules.ROOM_SOURCES_MAX:
            tree.report(MAP, room.line, f"{name}: {len(sources)} sources, at most {rules.ROOM_SOURCES_MAX}: split it")
        for door in (f"src/{name}/{door}" for door in room.doors):
            if tree.code.get(door, "").count("\n") > rules.DOOR_LINES_MAX:
                tree.report(door, rules.DOOR_LINES_MAX, f"a door has at most {rules.DOOR_LINES_MAX} lines")


def check_bans(tree):
    for ban in rules.BANS:
        for name, code in tree.blanked.items():
            if ban.unless and re.search(ban.unless, name):
                continue
            for match in re.finditer(ban.pattern, code):
                found = " ".join(match[0].split())[:40]
                tree.report(name, line_of(code, match.start()), f"`{found}`: {ban.instead}")


def check_texts(tree):
    for name, text in tree.texts.items():
        for ban in rules.TEXT_BANS:
            if ban.unless and re.search(ban.unless, name):
                continue
            for match in re.finditer(ban.pattern, text, re.MULTILINE):
                tree.report(name, line_of(text, match.start()), f"{match[0][:40]!r}: {ban.reason}")
        if text and not text.endswith("\n"):
            tree.report(name, line_of(text, len(text)), "the last line has no end")


def check_file_heads(tree):
    for name, text in tree.texts.items():
        head = text.split("\n")[:3]
        if re.search(rules.SPDX_FILES, name) and not any(rules.SPDX in line for line in head):
            tree.report(name, 1, f"its first line is to be: {rules.SPDX}")
        if name not in tree.code or re.search(rules.TESTS, name):
            continue
        header = name[:-len("cc")] + "h" if name.endswith(".cc") else None
        if header not in tree.code and not re.match(r"// \S", head[1] if len(head) > 1 else ""):
            tree.report(name, 2, "no file comment: what is it for, and what is it not?")
        if name.endswith(".h") and "\n#pragma once\n" not in text:
            tree.report(name, 1, "no `#pragma once`")
        first = tree.includes[name][0].target if tree.includes[name] else ""
        if header in tree.code and resolve(tree, name, first) != header:
            tree.report(name, 1, "its own header comes first: so each header proves that it stands alone")


def check_dead_files(tree):
    included = {resolve(tree, file, include.target)
                for file, includes in tree.includes.items() for include in includes}
    builds = "\n".join(text for name, text in tree.texts.items() if name.endswith(("CMakeLists.txt", ".cmake")))
    for name in tree.code:
        if name.endswith(".h") and name not in included:
            tree.report(name, 1, "nobody includes it")
        folder, base = os.path.split(name)
        if name.endswith(".cc") and folder[len("src/"):] not in tree.rooms and base not in builds:
            tree.report(name, 1, "no target compiles it")


def check_references(tree):
    """A document that is named or linked exists, and so does a numbered threat."""
    threats = set(re.findall(r"^\| (\d+) \|", tree.texts.get("SECURITY.md", ""), re.MULTILINE))
    for name, text in tree.texts.items():
        if name in tree.code:  # in comments only: a literal may name a document of somebody else
            text = re.sub(r"^.*?(//|$)", "", text, flags=re.MULTILINE)
        for match in re.finditer(r"\b(docs/[\w/-]+\.md)\b|\b[Tt]hreats? (\d+)\b", text):
            if match[1] and match[1] not in tree.texts:
                tree.report(name, line_of(text, match.start()), f"{match[1]} does not exist")
            if match[2] and match[2] not in threats:
                tree.report(name, line_of(text, match.start()), f"SECURITY.md has no row {match[2]}")
        if name.endswith(".md"):
            for match in re.finditer(r"\]\(([^():#]+)(#[^()]*)?\)", text):
                if not (tree.root / name).parent.joinpath(match[1]).exists():
                    tree.report(name, line_of(text, match.start()), f"{match[1]} does not exist")


RULES = [check_map, check_arrows, check_libraries, check_asio_reach, check_sizes, check_bans, check_texts,
         check_file_heads, check_dead_files, check_references]


def check_headers_compile_alone(tree):
    """Those that no source of their own proves by including them first. A compiler run each: only when asked for."""
    command = ["g++", "-std=c++20", "-fsyntax-only", "-w", "-Isrc", "-Iinclude", "-DBOOST_ASIO_SEPARATE_COMPILATION",
               "-DBOOST_ASIO_NO_DEPRECATED", "-x", "c++", "/dev/null", "-include"]

    def compile_alone(name):
        return name, subprocess.run([*command, name], cwd=tree.root, capture_output=True, text=True, check=False)
    headers = [name for name in tree.code if name.endswith(".h") and name[:-len("h")] + "cc" not in tree.code]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, run in pool.map(compile_alone, headers):
            if run.returncode != 0:
                error = next((line for line in run.stderr.split("\n") if "error" in line), "")
                tree.report(name, 1, f"does not compile alone: {error}")


def main():
    arguments = argparse.ArgumentParser(description="Refuses what docs/STYLE.md forbids.")
    arguments.add_argument("--headers", action="store_true", help="also compile each header alone")
    arguments.add_argument("--root", default=ROOT, help="the checkout to look at")
    options = arguments.parse_args()
    tree = Tree(options.root)
    for rule in RULES:
        rule(tree)
    if options.headers:
        check_headers_compile_alone(tree)
    for name, line, message in sorted(tree.problems):
        print(f"{name}:{line}: {message}")
    print(f"tools/check.py: {len(tree.texts)} files, {len(tree.rooms)} rooms, {len(tree.problems)} problems")
    return 1 if tree.problems else 0


if __name__ == "__main__":
    sys.exit(main())
