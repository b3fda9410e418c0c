#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Tests of tools/check.py: each rule refuses what it is there to refuse, and leaves a clean tree alone."""
import pathlib
import re
import subprocess
import tempfile
import unittest

import check
import check_rules as rules

SPDX = f"// {rules.SPDX}\n"
MAP = """# The map.
# SPDX-License-Identifier: Apache-2.0 OR MIT
ghmesh_room(base DOORS bytes.h OWNS fmt::fmt)   # comments count for nothing (
ghmesh_room(crypto
  DOORS hash.h
  USES  base
  OWNS  OpenSSL::Crypto)
ghmesh_room(github DOORS etag.h USES base crypto)
"""
ETAG = SPDX + "#include \"github/etag.h\"\n"
CLEAN = {
    "src/CMakeLists.txt": MAP,
    "src/base/bytes.h": SPDX + "// Bytes.\n#pragma once\n#include <vector>\n",
    "src/crypto/hash.h": SPDX + "// Hashes.\n#pragma once\n#include \"base/bytes.h\"\n",
    "src/crypto/hash.cc": SPDX + "#include \"crypto/hash.h\"\n\n#include <openssl/evp.h>\n",
    "src/crypto/table.h": SPDX + "// Tables.\n#pragma once\n",
    "src/crypto/table_test.cc": SPDX + "#include \"crypto/table.h\"\n\n#include <gtest/gtest.h>\n",
    "src/github/etag.h": SPDX + "// Tags.\n#pragma once\n#include \"crypto/hash.h\"\n",
    "src/github/etag.cc": ETAG,
}


def problems(changes):
    """What check.py says of the clean tree with these files changed, added, or (None) removed."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        for name, text in {**CLEAN, **changes}.items():
            if text is None:
                continue
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        tree = check.Tree(folder)
        for rule in check.RULES:
            rule(tree)
        return [f"{name}:{line}: {message}" for name, line, message in sorted(tree.problems)]


class Rules(unittest.TestCase):
    def refuses(self, changes, *parts):
        """Exactly one problem, and its line holds all these parts."""
        found = problems(changes)
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_a_clean_tree_has_no_problems(self):
        self.assertEqual(problems({}), [])

    def test_an_include_without_an_arrow_is_refused(self):
        self.refuses({"src/base/bytes.h": CLEAN["src/base/bytes.h"] + '#include "crypto/hash.h"\n'},
                     "src/base/bytes.h:5", "base may not use crypto")

    def test_an_include_past_the_door_is_refused(self):
        self.refuses({"src/github/etag.cc": ETAG + '#include "crypto/table.h"\n'},
                     "src/github/etag.cc:3", "not a door of crypto", "hash.h")

    def test_an_include_of_nothing_is_refused(self):
        self.refuses({"src/github/etag.cc": ETAG + '#include "github/gone.h"\n'}, "does not exist")

    def test_an_arrow_that_goes_up_is_refused(self):
        self.refuses({"src/CMakeLists.txt": MAP.replace("DOORS bytes.h", "DOORS bytes.h USES github")},
                     "arrows go down")

    def test_a_door_that_does_not_exist_is_refused(self):
        self.refuses({"src/CMakeLists.txt": MAP.replace("DOORS etag.h", "DOORS etag.h key.h")}, "github/key.h")

    def test_a_library_of_another_room_is_refused(self):
        self.refuses({"src/github/etag.cc": ETAG + "#include <openssl/evp.h>\n"}, "belongs to crypto")

    def test_an_unknown_library_is_refused(self):
        self.refuses({"src/github/etag.cc": ETAG + "#include <left/pad.h>\n"}, "left/pad.h")

    def test_googletest_outside_of_a_test_is_refused(self):
        self.refuses({"src/github/etag.cc": ETAG + "#include <gtest/gtest.h>\n"}, "gtest")

    def test_a_source_outside_of_every_target_is_refused(self):
        self.refuses({"apps/tool/main.cc": SPDX + "// A tool.\n"}, "no target compiles it")

    def test_a_header_that_nobody_includes_is_refused(self):
        self.refuses({"src/github/idle.h": SPDX + "// Idle.\n#pragma once\n"}, "nobody includes it")

    def test_another_header_before_its_own_is_refused(self):
        self.refuses({"src/github/etag.cc": SPDX + '#include "crypto/hash.h"\n#include "github/etag.h"\n'},
                     "own header")

    def test_a_missing_licence_line_and_comment_are_refused(self):
        self.assertEqual(len(problems({"src/base/bytes.h": "#pragma once\n\n"})), 3)  # and the pragma is too early

    def test_long_functions_lines_and_files_are_refused(self):
        body = ETAG + "namespace ghmesh {\nint f(int a) {\n" + "  ++a;\n" * 70 + "}\n}\n"
        self.refuses({"src/github/etag.cc": body}, "src/github/etag.cc:4", "72 lines")
        self.refuses({"src/github/etag.cc": ETAG + "// " + "x" * 118 + "\n"}, "121 columns")
        self.refuses({"src/github/etag.cc": ETAG + "int x;\n" * 800}, "802 lines")

    def test_binary_bytes_are_refused_outside_of_data(self):
        self.refuses({"src/github/etag.bytes": b"\xff\xfe"}, "not UTF-8")
        self.assertEqual(problems({"fuzz/corpus/etag/one": b"\xff\xfe \t"}), [])

    def test_each_banned_call_is_refused(self):
        for ban in rules.BANS:
            with self.subTest(ban.example):
                found = problems({"src/github/etag.cc": ETAG + ban.example + "\n"})
                self.assertTrue(any("src/github/etag.cc:3" in line and ban.instead in line for line in found), found)

    def test_each_banned_text_is_refused(self):
        for ban in rules.TEXT_BANS:
            with self.subTest(ban.example):
                self.refuses({"x.md": f"One.\n{ban.example}\n"}, "x.md:2", ban.reason)

    def test_a_document_or_threat_that_does_not_exist_is_refused(self):
        self.refuses({"x.md": "See docs/" + "gone.md.\n"}, "docs/" + "gone.md does not exist")
        links = "[one](../src/gone.txt), [another](../src/CMakeLists.txt#map)\n"
        self.refuses({"notes/x.md": links}, "../src/gone.txt does not exist")
        self.refuses({"SECURITY.md": "| 15 | mixing |\n", "x.md": "Threat " + "15, not threat " + "16.\n"}, "no row 16")

    def test_comments_and_literals_are_no_calls(self):
        harmless = '// strcpy(a, b)\n/* rand()\n */\nauto a = "atoi(x)";\nauto b = R"(std::regex)";\nint c = 1\'000;\n'
        self.assertEqual(problems({"src/github/etag.cc": ETAG + harmless}), [])

    def test_exceptions_name_files_by_valid_expressions(self):
        for ban in [*rules.BANS, *rules.TEXT_BANS]:
            re.compile(ban.unless)


class Functions(unittest.TestCase):
    def lengths(self, code):
        return [lines for _, lines in check.functions(check.blank(code))]

    def test_free_functions_members_and_constructors_are_found(self):
        self.assertEqual(self.lengths("int f() {\n}\n"), [2])
        self.assertEqual(self.lengths("class A final : public B {\n  int g() const override {\n\n  }\n};\n"), [3])
        self.assertEqual(self.lengths("A::A(int b)\n    : b_(b) {\n}\n"), [3])
        self.assertEqual(self.lengths("auto f(int x) -> std::vector<int> {\n}\n"), [2])
        self.assertEqual(self.lengths("TEST(Etag, IsHex) {\n}\n"), [2])

    def test_a_lambda_and_a_block_belong_to_their_function(self):
        self.assertEqual(self.lengths("int f() {\n  auto g = [](int x) {\n    if (x) {\n    }\n  };\n}\n"), [6])

    def test_tables_and_enums_are_no_functions(self):
        self.assertEqual(self.lengths("constexpr Row kRows[] = {\n  {f(1), 2},\n};\nenum class E {\n a };\n"), [])


if __name__ == "__main__":
    unittest.main()
