# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What `make install` puts in place works from there."""
import subprocess

import harness


def test_installed_programs_find_each_other(tmp_path):
    prefix = tmp_path / "usr"
    subprocess.run(["cmake", "--install", harness.BUILD, "--prefix", prefix], check=True, capture_output=True)
    environment = harness.environment(HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path / "state"))

    def run(*arguments):
        return subprocess.run([prefix / "bin" / "ghmesh", *arguments], env=environment, capture_output=True, text=True)

    assert run("version").stdout.startswith("ghmesh ")
    assert "--socket" in run("serve", "--help").stdout
    assert run("swarm", "new").stdout.startswith("ghs1-")
    first, second = run("p2p", "id"), run("p2p", "id")
    assert first.stdout.startswith("12D3KooW") and first.stdout == second.stdout, first.stderr
    assert (prefix / "share" / "man" / "man1" / "ghmesh.1").exists()
    assert (prefix / "lib" / "systemd" / "system" / "ghmesh.service").exists()
