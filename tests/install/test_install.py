# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Installs libghmesh to a folder, and builds programs against it there: by find_package and by pkg-config."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ["GHMESH_BUILD_DIRECTORY"])
LIBRARY = pathlib.Path(os.environ["GHMESH_LIBRARY"])
# A library with sanitizers wants a program with the same.
SANITIZE = [f"-fsanitize={os.environ['GHMESH_SANITIZE']}"] if os.environ.get("GHMESH_SANITIZE") else []
EXPORTED = re.compile(r"(typeinfo (name )?for |vtable for |guard variable for )?"
                      r"ghmesh::(Cache|GitHub|GitHubAnswer|Key|Value|SecretText|failure_category|validation_fields_of|"
                      r"validation_cid_of|import_legacy|export_legacy)\b")


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=200, **options)
    assert done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Only what a program needs: the headers, the library, the two descriptions."""
    folder = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILD, "--prefix", folder, "--component", "development")
    return folder


@pytest.fixture
def environment(tmp_path, prefix):
    return {**os.environ, "GHMESH_CACHE_DIR": str(tmp_path / "cache"), "GHMESH_STATE_DIR": str(tmp_path / "state"),
            "LD_LIBRARY_PATH": str(prefix / "lib"), "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}


def test_by_find_package(prefix, tmp_path, environment):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(consumer CXX)\n"
        "find_package(ghmesh 0.1 CONFIG REQUIRED)\nadd_executable(consumer consumer.cc)\n"
        "target_link_libraries(consumer PRIVATE ghmesh::ghmesh)\n")
    shutil.copy(HERE / "consumer.cc", tmp_path)
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_FLAGS={' '.join(SANITIZE)}")
    run("cmake", "--build", tmp_path / "build")
    assert run(tmp_path / "build/consumer", env=environment) == "kept\n"


def test_by_pkg_config(prefix, tmp_path, environment):
    flags = run("pkg-config", "--cflags", "--libs", "ghmesh", env=environment).split()
    run("g++", HERE / "consumer.cc", "-o", tmp_path / "consumer", *flags, *SANITIZE)
    assert run(tmp_path / "consumer", env=environment) == "kept\n"
    assert run("pkg-config", "--modversion", "ghmesh", env=environment).strip() == "0.1.0"


@pytest.mark.parametrize("header", ["cache.h", "github.h", "asio.h"])
def test_each_header_stands_alone(prefix, tmp_path, header):
    source = tmp_path / "alone.cc"
    source.write_text(f"#include <ghmesh/{header}>\nint main() {{}}\n")
    system = ["-isystem", "/usr/include/boost"] if header == "asio.h" else []
    run("g++", "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", f"-I{prefix}/include", *system,
        "-fsyntax-only", source)


def test_the_public_header_includes_nothing_but_the_standard_library(prefix):
    for header in ("cache.h", "github.h"):
        text = (prefix / "include/ghmesh" / header).read_text()
        included = re.findall(r"#include [<\"]([^>\"]+)", text)
        assert [name for name in included if "/" in name and not name.startswith("ghmesh/")] == []
        assert [name for name in included if name.endswith(".h") and not name.startswith("ghmesh/")] == []


def test_nothing_else_is_exported():
    symbols = run("nm", "-DC", "--defined-only", LIBRARY).splitlines()
    names = [line.split(" ", 2)[2] for line in symbols]
    assert len(names) > 40
    assert [name for name in names if not EXPORTED.match(name) and not name.startswith("__asan")] == []
    assert [name for name in names if "::Impl" in name.split("(")[0]] == []


def test_the_library_says_which_version_it_is(prefix):
    assert (prefix / "lib/libghmesh.so").resolve().name == "libghmesh.so.0.1.0"
    assert "libghmesh.so.0" in run("objdump", "-p", LIBRARY)
