# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Nothing that is secret is found where it must not be: store, logs, metrics, command line, core dump.

Canaries are the tokens, their hashes, and the bodies, paths and names of a private repository; each is searched in many
encodings. A test plants one canary and looks for it first, so that the search itself is known to work.
"""

import base64
import hashlib
import pathlib
import subprocess
import urllib.parse

import harness

TOKENS = ["ghp_model_canary_1", "ghp_model_canary_2"]
PRIVATE = "/repos/canary/private"
PATHS = [PRIVATE, f"{PRIVATE}/issues", f"{PRIVATE}/issues/1", f"{PRIVATE}/issues/2", "/user"]


def encodings(secret):
    """The ways in which a secret could lie around: as it is, and in the encodings that programs use."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for offset in range(3):  # base64 looks different at each of the three offsets; drop what the neighbours touch
        encoded = base64.b64encode(b"\0" * offset + raw)
        yield encoded[(offset + 2) // 3 * 4:len(raw) * 4 // 3 // 4 * 4]
    yield base64.urlsafe_b64encode(raw)[:len(raw) * 4 // 3 // 4 * 4]
    quoted = urllib.parse.quote(raw, safe="").encode()
    if quoted != raw:
        yield quoted
    yield raw[::-1]


def token_canaries(token):
    yield token
    for text in (token, f"token {token}", f"Bearer {token}"):
        yield hashlib.sha256(text.encode()).digest()
        yield hashlib.md5(text.encode()).digest()


def body_canaries(body):
    """Long pieces of a body from its beginning, its middle and its end."""
    for begin in (2, len(body) // 2, len(body) - 40):
        piece = body[max(begin, 0):][:36]
        if len(piece) >= 24:
            yield piece


def find(haystacks, secrets):
    needles = {needle for secret in secrets for needle in encodings(secret) if len(needle) >= 12}
    assert len(needles) > 20
    return [(name, needle) for name, data in haystacks.items() for needle in needles if needle in data]


def files_below(folder):
    return {str(path): path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()}


def test_neither_store_nor_log_nor_metrics_hold_a_canary(tmp_path):
    model = harness.Model(tmp_path)
    daemon = harness.Daemon(tmp_path, model.url, "--log-level", "trace", "--durability", "durable")
    secrets = []
    for token in TOKENS:
        secrets += token_canaries(token)
        for path in PATHS:
            for connection in (daemon.connection(), daemon.tcp_connection()):
                answer = harness.ask(connection, path, token, headers={"Cache-Control": "no-cache"})
                assert answer.status == 200, (path, answer.status)
                secrets += body_canaries(answer.body)
                if answer.headers["ETag"]:
                    secrets.append(answer.headers["ETag"].strip('"'))
                connection.close()
    secrets += [PRIVATE + "/issues", "api.github.com" + PRIVATE]
    for token in ("ghp_model_nobody", "x" * 300, "ghp bad token"):  # refused credentials are secrets too
        daemon.ask(PRIVATE, token)
        secrets.append(token)

    admin = harness.UnixConnection(daemon.admin, "localhost")
    haystacks = {"/metrics": harness.ask(admin, "/metrics").body, "/stats": harness.ask(admin, "/api/v1/stats").body}
    for name in ("cmdline", "environ"):
        haystacks[name] = pathlib.Path(f"/proc/{daemon.pid}/{name}").read_bytes()
    assert daemon.stop() == 0
    haystacks.update(files_below(tmp_path / "cache"))
    haystacks.update(files_below(tmp_path / "state"))
    haystacks["log"] = daemon.stderr_text().encode()
    assert sum(len(data) for data in haystacks.values()) > 20_000  # there is something to search
    found = find(haystacks, secrets)
    model.stop()
    assert not found, found[:5]


def test_the_search_finds_what_is_there(tmp_path):
    token = TOKENS[0]
    for planted in (token.encode(), b"x" + base64.b64encode(b"ab" + token.encode()), token.encode().hex().encode(),
                    hashlib.sha256(token.encode()).hexdigest().encode()):
        assert find({"planted": b"some log line " + planted + b" end"}, list(token_canaries(token))), planted


def test_a_crash_leaves_no_core(tmp_path):
    model = harness.Model(tmp_path)
    daemon = harness.Daemon(tmp_path, model.url, tcp=False)
    assert daemon.ask(PRIVATE, TOKENS[0]).status == 200
    limits = pathlib.Path(f"/proc/{daemon.pid}/limits").read_text()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    # Not dumpable: files of the process belong to root, and another user's debugger is refused.
    subprocess.run(["kill", "-ABRT", str(daemon.pid)], check=True)
    daemon.child.wait(20)
    assert not list(tmp_path.rglob("core*"))
    model.stop()
