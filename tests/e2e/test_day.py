# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Some minutes of the agents of bench/agent_day.py, as it judges them: no wrong answer, and most calls are free."""

import json
import os
import subprocess
import sys

import harness


def test_a_while_of_agents_is_answered_rightly_and_mostly_for_free():
    done = subprocess.run([sys.executable, harness.ROOT / "bench/agent_day.py", "--still", "--hours", "0.2",
                           "--repositories", "4", "--seed", "3"],
                          env={**os.environ, "GHMESH_BUILD": str(harness.BUILD)}, capture_output=True, timeout=280)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    results = json.loads(done.stdout.splitlines()[-1])
    ours, alone = results["ghmesh"], results["alone"]
    assert ours["asked"] == alone["asked"] == alone["charged"] > 300
    assert ours["wrong"] == ours["over_age"] == ours["punishable"] == 0
    assert ours["charged"] < alone["charged"] / 3
