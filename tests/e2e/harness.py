# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Real processes for end-to-end tests: the model of GitHub, the daemon, and clients that speak to them.

Everything listens on loopback or on a unix socket in a private folder, and ends with the test that started it.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from urllib.parse import quote

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GHMESH_BUILD", ROOT / "build" / "dev"))
GHMESH = BUILD / "apps" / "ghmesh"
GITHUB_MODEL = BUILD / "apps" / "github-model"
FIXTURES = ROOT / "build" / "fixtures.json"

TOKEN = "ghp_model_octocat_1"
# What no healthy daemon writes: a failed check of its own, and what the sanitizers say.
CRASH_WORDS = ("check failed", "Sanitizer", "runtime error:", "terminate called")

# A sanitized build starts slowly on a busy machine; no test waits this long for anything that works.
START_SECONDS = 20


def environment(**more):
    """This process's environment without what would configure ghmesh or gh."""
    ours = ("GHMESH_", "GH_", "GITHUB_", "LISTEN_", "NOTIFY_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, **{name: str(value) for name, value in more.items()}}


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket, with the Host that the caller names."""

    def __init__(self, path, host="api.github.com", timeout=30):
        super().__init__(host, timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def detail(self):
        """How ghmesh came by this answer: fresh, revalidated, proven, fetched ..."""
        for part in self.headers.get("Cache-Status", "").split(";"):
            if part.strip().startswith("detail="):
                return part.strip()[len("detail="):]
        return None


def ask(connection, path, token=None, method="GET", body=None, headers=None):
    fields = {"Accept": "", "User-Agent": "ghmesh-test"}
    if token:
        fields["Authorization"] = f"token {token}"
    fields.update(headers or {})
    connection.request(method, path, body=body, headers=fields)
    return Answer(connection.getresponse())


class Process:
    """A child process whose standard output is read line by line, and which is gone when the block ends."""

    def __init__(self, command, env=None, stderr_path=None):
        self.stderr_path = stderr_path
        stderr = open(stderr_path, "ab") if stderr_path else None
        self.child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=stderr,
                                      env=environment(**(env or {})), text=True, bufsize=1)
        if stderr:
            stderr.close()

    def read_line(self):
        line = self.child.stdout.readline()
        if not line:
            status = self.child.wait()
            raise RuntimeError(f"{self.child.args[0]} ended early with {status}: {self.stderr_text()[-2000:]}")
        return line.strip()

    def stderr_text(self):
        return pathlib.Path(self.stderr_path).read_text(errors="replace") if self.stderr_path else ""

    @property
    def pid(self):
        return self.child.pid

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, seconds=START_SECONDS):
        """Asks politely, and answers the exit status."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds=START_SECONDS):
        """The exit status of a process that is about to end; one that does not is killed."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self.child.stdout.close()


class Model(Process):
    """The model of GitHub, as a server on loopback."""

    def __init__(self, folder, *options):
        command = [GITHUB_MODEL, "--listen", "127.0.0.1:0", "--fixtures", FIXTURES, *options]
        super().__init__(command, stderr_path=pathlib.Path(folder) / "model.log")
        self.url = self.read_line().split()[-1]
        self.address = self.url.split("//")[1]

    def connection(self):
        return http.client.HTTPConnection(self.address, timeout=30)

    def control(self, path, method="POST"):
        connection = self.connection()
        answer = ask(connection, f"/_model/{path}", method=method)
        connection.close()
        assert answer.status == 200, (path, answer.status, answer.body)
        return answer.json() if answer.body else None

    def stats(self):
        return self.control("stats", "GET")

    def log(self):
        """The last requests that the model saw, oldest first."""
        return self.control("log", "GET")

    def expect(self, path, token=TOKEN, accept=None):
        """What the model would answer to a GET at this moment, as (status, headers, body). Nothing is counted."""
        target = f"/_model/expect?path={quote(path, safe='')}" + (f"&token={token}" if token else "")
        if accept:
            target += f"&accept={quote(accept, safe='')}"
        connection = self.connection()
        answer = ask(connection, target)
        connection.close()
        headers = {name[len("X-Model-"):]: value for name, value in answer.headers.items()
                   if name.startswith("X-Model-")}
        return int(headers.pop("Status")), headers, answer.body

    def calls(self):
        return self.stats()["calls_total"]

    def charged(self):
        return self.stats()["charged_total"]


class Daemon(Process):
    """`ghmesh serve` in a private folder."""

    # `inside` is a command that runs the daemon, as nsenter does.
    def __init__(self, folder, upstream, *options, env=None, tcp=True, inside=()):
        self.folder = pathlib.Path(folder)
        self.upstream = upstream
        self.socket = self.folder / "run" / "gh.sock"
        self.admin = self.folder / "run" / "admin.sock"
        command = [*inside, GHMESH, "serve", "--socket", self.socket, "--upstream", upstream,
                   "--cache-dir", self.folder / "cache", *options]
        if tcp:
            command += ["--listen", "127.0.0.1:0"]
        self.env = {"XDG_STATE_HOME": str(self.folder / "state"), "XDG_RUNTIME_DIR": str(self.folder),
                    "XDG_CONFIG_HOME": str(self.folder / "config"), **(env or {})}
        super().__init__(command, env=self.env, stderr_path=self.folder / "daemon.log")
        self.url = None
        self.lines = {}  # what it printed at its start, by the first word
        while True:
            line = self.read_line()
            word, _, rest = line.partition(" ")
            self.lines.setdefault(word, []).append(rest)
            if line.startswith("listening http://"):
                self.url = line.split()[-1]
            if line.startswith("admin "):
                self.stats_address = line.split("//")[-1]
                break

    def connection(self, host="api.github.com"):
        return UnixConnection(self.socket, host)

    def tcp_connection(self):
        return http.client.HTTPConnection(self.url.split("//")[1], timeout=30)

    def ask(self, path, token=None, **options):
        connection = self.connection()
        try:
            return ask(connection, path, token, **options)
        finally:
            connection.close()

    def ask_admin(self, path, **options):
        connection = UnixConnection(self.admin, "localhost")
        try:
            return ask(connection, path, **options)
        finally:
            connection.close()

    def stats(self):
        return self.ask_admin("/api/v1/stats").json()

    def metrics(self):
        """The samples of /metrics, by name and labels as they are written there, without what all names begin with."""
        lines = self.ask_admin("/metrics").body.decode().splitlines()
        samples = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name.removeprefix("ghmesh_"): float(value) for name, value in samples}

    @property
    def tcp_address(self):
        host, port = self.url.split("//")[1].split(":")
        return host, int(port)

    def command(self, *arguments, token=None, env=None):
        """Runs a subcommand of ghmesh that finds this daemon by its environment."""
        variables = {**self.env, "GHMESH_SOCKET": self.socket, **({"GH_TOKEN": token} if token else {}), **(env or {})}
        return subprocess.run([GHMESH, *map(str, arguments)], env=environment(**variables), capture_output=True,
                              timeout=60)

    def assert_healthy(self):
        """It still answers, and its log tells of no crash."""
        assert self.child.poll() is None, f"the daemon has ended with {self.child.poll()}"
        assert self.ask_admin("/healthz").body == b"ok\n"
        log = self.stderr_text()
        assert not any(word in log for word in CRASH_WORDS), log[-4000:]


def gh_folders(daemon):
    """Where gh keeps what it caches by itself: not where the next test would find it."""
    return {"XDG_CACHE_HOME": daemon.folder / "gh-cache", "XDG_STATE_HOME": daemon.folder / "gh-state",
            "TMPDIR": daemon.folder}


def gh(daemon, *arguments, token=TOKEN, check=True, env=None):
    """Runs the real gh against the daemon's socket, with a configuration of its own."""
    config = daemon.folder / "gh-config"
    config.mkdir(exist_ok=True)
    (config / "config.yml").write_text(f"http_unix_socket: {daemon.socket}\n")
    variables = {"GH_CONFIG_DIR": config, "GH_TOKEN": token, "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1",
                 "GH_PROMPT_DISABLED": "1", **gh_folders(daemon), **(env or {})}
    done = subprocess.run(["gh", *arguments], env=environment(**variables), capture_output=True, timeout=60)
    if check:
        assert done.returncode == 0, (arguments, done.returncode, done.stderr.decode())
    return done


def exchange_raw(address, *parts, pause_seconds=0.0, half_close=False, timeout=20):
    """Sends bytes over a socket of its own, and answers everything that comes back until the other side closes.

    `address` is a path or (host, port). With half_close, our side says that it has nothing more to send."""
    raw = socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX, socket.SOCK_STREAM)
    raw.settimeout(timeout)
    received = b""
    with raw:
        raw.connect(address if isinstance(address, tuple) else str(address))
        try:
            for index, part in enumerate(parts):
                if index:
                    time.sleep(pause_seconds)
                raw.sendall(part)
            if half_close:
                raw.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before we were done: what it said is still there to be read
        try:
            while part := raw.recv(65536):
                received += part
        except ConnectionResetError:
            pass
    return received


def status_of(raw_answer):
    """The status code of the first answer in these bytes; None when there is none."""
    words = raw_answer.split(b" ", 2)
    return int(words[1]) if raw_answer.startswith(b"HTTP/1.") and len(words) > 1 else None


def wait_until(condition, seconds=START_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.02)


def temporary_folder():
    return pathlib.Path(tempfile.mkdtemp(prefix="ghmesh-test-"))


def remove_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
