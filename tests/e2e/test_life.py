# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How the daemon comes, is configured, is asked about itself, and goes."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import pytest

import harness
from harness import GHMESH, TOKEN

WIDGETS = "/repos/octo-org/widgets"
# Becomes the daemon with these descriptors as 3, 4, ..., the way systemd does it.
LAUNCHER = """
import os, sys
count = int(sys.argv[1])
for i, number in enumerate(map(int, sys.argv[2:2 + count])):
    os.dup2(number, 3 + i)
os.environ.update(LISTEN_FDS=str(count), LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2 + count], sys.argv[2 + count:])
"""


class Asking(threading.Thread):
    """A request on its way, and what became of it."""

    def __init__(self, daemon, path):
        super().__init__()
        self.daemon_under_test, self.path, self.answer, self.failure = daemon, path, None, None
        self.start()

    def run(self):
        try:
            self.answer = self.daemon_under_test.ask(self.path, TOKEN)
        except (OSError, harness.http.client.HTTPException) as failure:
            self.failure = failure


def ask_slowly(daemon, model, milliseconds):
    model.control(f"fault?kind=slow&ms={milliseconds}&path={WIDGETS}")
    asking = Asking(daemon, WIDGETS)
    harness.wait_until(lambda: model.calls() > 0)
    return asking


def test_sigterm_lets_a_request_end_and_accepts_no_other(daemon, model):
    asking = ask_slowly(daemon, model, 1500)
    daemon.child.send_signal(signal.SIGTERM)
    harness.wait_until(lambda: "stopping" in daemon.stderr_text())
    assert daemon.child.poll() is None
    assert daemon.ask_admin("/readyz").status == 503
    with pytest.raises((OSError, harness.http.client.HTTPException)):
        daemon.ask("/user", TOKEN)
    asking.join()
    assert asking.answer.status == 200 and asking.answer.body == model.expect(WIDGETS)[2]
    assert daemon.wait() == 0
    assert not daemon.socket.exists()


def test_a_second_sigterm_ends_at_once(daemon, model):
    asking = ask_slowly(daemon, model, 15_000)
    began = time.monotonic()
    daemon.child.send_signal(signal.SIGTERM)
    harness.wait_until(lambda: "stopping" in daemon.stderr_text())
    daemon.child.send_signal(signal.SIGTERM)
    daemon.wait()
    asking.join()
    assert time.monotonic() - began < 8 and asking.answer is None
    assert not any(word in daemon.stderr_text() for word in harness.CRASH_WORDS), daemon.stderr_text()[-6000:]


def test_an_idle_daemon_ends_at_once_although_clients_hold_connections(daemon):
    idle = daemon.connection()
    assert harness.ask(idle, WIDGETS, TOKEN).status == 200
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < 5
    idle.close()


def test_what_was_cached_survives_kill_and_the_socket_left_behind_is_taken_over(folder, daemon, model):
    body = daemon.ask(WIDGETS, TOKEN).body
    harness.wait_until(lambda: daemon.stats()["cache"]["entries"] == 1)
    daemon.kill()
    assert daemon.socket.exists()
    again = harness.Daemon(folder, model.url)
    answer = again.ask(WIDGETS, TOKEN)
    assert (answer.detail, answer.body) == ("fresh", body)
    assert model.calls() == 1
    assert again.stop() == 0


def test_a_living_daemon_keeps_its_socket(daemon, model, folder):
    with pytest.raises(RuntimeError, match="ended early with 1"):
        harness.Daemon(folder, model.url)
    assert daemon.ask(WIDGETS, TOKEN).status == 200


def test_only_the_owner_may_open_the_sockets_and_the_store(daemon, folder):
    daemon.ask(WIDGETS, TOKEN)
    for path in (daemon.socket, daemon.admin):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for place in ("cache", "state"):
        files = [path for path in (folder / place).rglob("*") if path.is_file()]
        assert files
        assert all(path.stat().st_mode & 0o077 == 0 for path in files), files


def listening(family, address):
    server = socket.socket(family, socket.SOCK_STREAM)
    server.bind(address)
    server.listen(16)
    return server


def test_sockets_of_systemd_are_served_and_left_alone(folder, model):
    path = folder / "activated.sock"
    over_unix, over_tcp = listening(socket.AF_UNIX, str(path)), listening(socket.AF_INET, ("127.0.0.1", 0))
    port = over_tcp.getsockname()[1]
    # High numbers: the launcher's copies must not land on what it still has to copy.
    numbers = [os.dup(s.fileno()) for s in (over_unix, over_tcp)]
    for number in numbers:
        os.dup2(number, number + 100)
    options = ["serve", "--upstream", model.url, "--cache-dir", folder / "cache", "--state-dir", folder / "state",
               "--admin", folder / "admin.sock"]
    child = subprocess.Popen([sys.executable, "-c", LAUNCHER, "2", *(str(n + 100) for n in numbers), GHMESH,
                              *map(str, options)], pass_fds=[n + 100 for n in numbers], text=True,
                             stdout=subprocess.PIPE, env=harness.environment(XDG_RUNTIME_DIR=folder))
    for number in numbers:
        os.close(number)
        os.close(number + 100)
    lines = [child.stdout.readline().strip() for _ in range(3)]
    assert lines[:2] == [f"listening unix:{path}", f"listening http://127.0.0.1:{port}"]
    unix = harness.UnixConnection(path)
    assert harness.ask(unix, WIDGETS, TOKEN).body == model.expect(WIDGETS)[2]
    tcp = harness.http.client.HTTPConnection("127.0.0.1", port)
    assert harness.ask(tcp, WIDGETS, TOKEN).json()["url"].startswith(f"http://127.0.0.1:{port}/")
    child.send_signal(signal.SIGTERM)
    assert child.wait(harness.START_SECONDS) == 0
    child.stdout.close()
    assert path.exists() and not (folder / "ghmesh").exists()  # systemd's stays, and the default was not made
    for each in (unix, tcp, over_unix, over_tcp):
        each.close()


def test_sockets_meant_for_another_process_are_not_taken(folder, model):
    server = harness.Daemon(folder, model.url, env={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    assert server.ask(WIDGETS, TOKEN).status == 200
    assert server.stop() == 0


@pytest.mark.parametrize("is_abstract", [False, True], ids=["path", "abstract"])
def test_the_manager_is_told_of_readiness_and_of_the_end(folder, model, is_abstract):
    name = f"{folder}/notify"
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(("\0" if is_abstract else "") + name)
    manager.settimeout(harness.START_SECONDS)
    server = harness.Daemon(folder, model.url, env={"NOTIFY_SOCKET": ("@" if is_abstract else "") + name})
    assert manager.recv(4096) == b"READY=1"
    assert server.stop() == 0
    assert manager.recv(4096) == b"STOPPING=1"
    manager.close()


def test_the_admin_side_tells_how_it_is(daemon, model):
    for _ in range(2):
        daemon.ask(WIDGETS, TOKEN)
    assert daemon.ask_admin("/healthz").body == b"ok\n"
    ready = daemon.ask_admin("/readyz")
    assert (ready.status, ready.json()) == (200, {"ready": True, "troubles": []})
    assert daemon.ask_admin("/version").json()["name"] == "ghmesh"
    metrics = daemon.ask_admin("/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = metrics.body.decode().splitlines()
    assert all(line.startswith(("#", "ghmesh_", "process_")) for line in lines if line)
    fresh = [line for line in lines if line.startswith("ghmesh_requests_total{") and 'result="fresh"' in line]
    assert len(fresh) == 1 and fresh[0].endswith(" 1")
    assert TOKEN not in metrics.body.decode()
    assert daemon.ask(WIDGETS, TOKEN, headers={"Host": "localhost"}).status == 421  # the two sides do not mix


def test_the_admin_side_may_listen_on_loopback_and_believes_no_page(folder, model):
    server = harness.Daemon(folder, model.url, "--admin", "127.0.0.1:0")
    address = server.stats_address
    plain = harness.http.client.HTTPConnection(address)
    assert harness.ask(plain, "/healthz").status == 200
    assert harness.ask(plain, "/api/v1/stats", headers={"Host": "evil.example"}).status == 421
    assert harness.ask(plain, "/api/v1/stats", headers={"Origin": "https://evil.example"}).status == 403
    plain.close()
    assert server.stop() == 0


def test_stats_count_what_happened(daemon, model):
    for _ in range(3):
        daemon.ask(WIDGETS, TOKEN)
    daemon.ask(WIDGETS, TOKEN, headers={"Cache-Control": "no-cache"})
    done = daemon.command("stats", "--json")
    assert done.returncode == 0, done.stderr
    stats = json.loads(done.stdout)
    assert stats["requests"] == 4 and stats["saved"] == 3
    assert {key: count for key, count in stats["answered"].items() if count} == {"fetched": 1, "fresh": 2,
                                                                              "revalidated": 1}
    assert stats["upstream"] == {"requests": 2, "free": 1, "charged": 1, "failed": 0}
    assert stats["budgets"][0]["resource"] == "core" and stats["budgets"][0]["remaining"] == 4999
    text = daemon.command("stats").stdout.decode()
    assert "4  requests" in text and "\x1b" not in text


def test_purge_forgets_one_answer_or_everything(daemon, model):
    def ask(path):
        before = model.calls()
        daemon.ask(path, TOKEN)
        return model.calls() - before
    assert [ask(WIDGETS), ask("/user"), ask(WIDGETS), ask("/user")] == [1, 1, 0, 0]
    done = daemon.command("purge", WIDGETS, token=TOKEN)
    assert (done.returncode, done.stdout) == (0, f"purged {WIDGETS}\n".encode()), done.stderr
    assert [ask(WIDGETS), ask("/user")] == [1, 0]
    assert daemon.command("purge", "--all").returncode == 0
    assert [ask(WIDGETS), ask("/user")] == [1, 1]
    assert daemon.command("purge").returncode == 1


def test_env_makes_a_shell_use_the_daemon(daemon, model):
    script = f'eval "$({GHMESH} env)" && gh api {WIDGETS[1:]} && echo && echo "$GITHUB_API_URL"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, timeout=60, env=harness.environment(
        **daemon.env, GHMESH_SOCKET=daemon.socket, GH_TOKEN=TOKEN, GH_NO_UPDATE_NOTIFIER=1))
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == model.expect(WIDGETS)[2] + f"\n{daemon.url}\n".encode()
    assert model.calls() == 1 and TOKEN.encode() not in daemon.command("env", token=TOKEN).stdout


def test_version_is_said_everywhere_alike(daemon):
    version = daemon.ask_admin("/version").json()["version"]
    assert daemon.command("version").stdout.decode() == f"ghmesh {version}\n"
    assert json.loads(daemon.command("version", "--json").stdout) == {"name": "ghmesh", "version": version}


def test_ghmesh_api_answers_as_gh_api_does(daemon, model):
    for _ in range(2):
        done = daemon.command("api", WIDGETS, token=TOKEN)
        assert (done.returncode, done.stdout) == (0, model.expect(WIDGETS)[2]), done.stderr
    assert model.calls() == 1
    missing = daemon.command("api", "repos/octo-org/nowhere", token=TOKEN)
    assert missing.returncode == 1 and b"Not Found (HTTP 404)" in missing.stderr
    assert missing.stdout == model.expect("/repos/octo-org/nowhere")[2]
    assert daemon.command("api", "user", token="ghp_unknown_to_the_model").returncode == 4


@pytest.mark.parametrize("arguments", [["api", "user"], ["stats"], ["stats", "--json"], ["purge", "--all"]])
def test_without_a_daemon_the_exit_code_is_3(folder, arguments):
    done = subprocess.run([GHMESH, *arguments, "--socket", folder / "none.sock"], capture_output=True, timeout=30,
                          env=harness.environment(XDG_CONFIG_HOME=folder, GH_CONFIG_DIR=folder))
    assert done.returncode == 3, done.stderr
    assert b"ghmesh serve" in done.stderr and done.stdout == b""


def test_trap_27_without_a_daemon_a_command_runs_all_the_same(folder):
    done = subprocess.run([GHMESH, "run", "--socket", folder / "none.sock", "--", "echo", "done"], capture_output=True,
                          timeout=30, env=harness.environment(XDG_CONFIG_HOME=folder))
    assert (done.returncode, done.stdout) == (0, b"done\n") and b"running without it" in done.stderr


def configured(folder, *arguments, toml="", **variables):
    """`ghmesh config list` with these sources of configuration; {key: rest of the line}, and how it ended."""
    (folder / "ghmesh").mkdir(exist_ok=True)
    (folder / "ghmesh" / "config.toml").write_text(toml)
    return subprocess.run([GHMESH, *map(str, arguments)], capture_output=True, timeout=30,
                          env=harness.environment(XDG_CONFIG_HOME=folder, XDG_RUNTIME_DIR=folder, **variables))


def test_a_flag_goes_before_the_environment_before_the_file(folder):
    toml = 'threads = 3\ndisk_size = "50MiB"\nconnections = 77\n'
    done = configured(folder, "config", "list", "--show-origin", "--threads", "1", toml=toml, GHMESH_THREADS="2",
                      GHMESH_CONNECTIONS="66")
    assert done.returncode == 0, done.stderr
    shown = {}
    for line in done.stdout.decode().splitlines():
        origin, _, setting = line.partition("\t")
        key, _, value = setting.partition(" = ")
        shown[key] = (value, origin)
    assert shown["threads"] == ("1", "flag --threads")
    assert shown["connections"] == ("66", "environment GHMESH_CONNECTIONS")
    assert shown["disk_size"][0] == '"50MiB"' and "config.toml" in shown["disk_size"][1]
    assert shown["durability"] == ('"fast"', "default")


def test_what_is_unknown_names_its_neighbour(folder):
    by_file = configured(folder, "serve", toml="cache_dri = '/tmp/x'\n")
    assert by_file.returncode == 1 and b"`cache_dri`" in by_file.stderr and b"`cache_dir`" in by_file.stderr
    by_variable = configured(folder, "serve", GHMESH_CACHE_DRI="/tmp/x")
    assert by_variable.returncode == 1 and b"GHMESH_CACHE_DIR" in by_variable.stderr
    by_command = configured(folder, "stat")
    assert by_command.returncode == 1 and b"`stats`" in by_command.stderr
    for done in (by_file, by_variable):
        assert done.stdout == b""


def test_an_unknown_flag_names_its_neighbour(folder):
    for arguments in (["--cache-dri", "/tmp/x"], ["--cache-dri=/tmp/x"], ["--liste", "127.0.0.1:0"]):
        done = configured(folder, "serve", *arguments)
        assert done.returncode == 1 and done.stdout == b""
        assert (b"--listen" if "--liste" in arguments else b"--cache-dir") in done.stderr, done.stderr


@pytest.mark.parametrize("options, said", [
    (["--listen", "0.0.0.0:0"], b"listen"), (["--upstream", "http://api.example"], b"upstream"),
    (["--durability", "perhaps"], b"durability"), (["--threads", "0"], b"threads"),
    (["--disk-size", "many"], b"disk_size"),
    (["--config", "/nonexistent.toml"], b"/nonexistent.toml")])
def test_a_value_that_cannot_be_meant_is_refused_at_the_start(folder, options, said):
    done = configured(folder, "serve", "--cache-dir", folder / "cache", *options)
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert done.stderr.startswith(b"ghmesh: ") and done.stdout == b""
