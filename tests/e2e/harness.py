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
from urllib.parse import quote  # noqa: F401  (for those who ask the model about a path)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GHMESH_BUILD", ROOT / "build" / "dev"))
GHMESH = BUILD / "apps" / "ghmesh"
GITHUB_MODEL = BUILD / "apps" / "github-model"
FIXTURES = ROOT / "build" / "fixtures.json"

# A sanitized build starts slowly on a busy machine; no test waits this long for anything that works.
START_SECONDS = 20


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
                                      env={**os.environ, **(env or {})}, text=True, bufsize=1)
        if stderr:
            stderr.close()

    def read_line(self):
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.child.args[0]} ended early with {self.child.wait()}: {self.stderr_text()[-2000:]}")
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

    def calls(self):
        return self.stats()["calls_total"]

    def charged(self):
        return self.stats()["charged_total"]


class Daemon(Process):
    """`ghmesh serve` in a private folder."""

    def __init__(self, folder, upstream, *options, env=None, tcp=True):
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / "run" / "gh.sock"
        self.admin = self.folder / "run" / "admin.sock"
        command = [GHMESH, "serve", "--socket", self.socket, "--upstream", upstream,
                   "--cache-dir", self.folder / "cache", *options]
        if tcp:
            command += ["--listen", "127.0.0.1:0"]
        self.env = {"XDG_STATE_HOME": str(self.folder / "state"), "XDG_RUNTIME_DIR": str(self.folder),
                    "XDG_CONFIG_HOME": str(self.folder / "config"), **(env or {})}
        super().__init__(command, env=self.env, stderr_path=self.folder / "daemon.log")
        self.url = None
        while True:
            line = self.read_line()
            if line.startswith("listening http://"):
                self.url = line.split()[-1]
            if line.startswith("admin "):
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

    def stats(self):
        connection = UnixConnection(self.admin, "localhost")
        try:
            return ask(connection, "/api/v1/stats").json()
        finally:
            connection.close()


def gh(daemon, *arguments, token, check=True, env=None):
    """Runs the real gh against the daemon's socket, with a configuration of its own."""
    config = daemon.folder / "gh-config"
    config.mkdir(exist_ok=True)
    (config / "config.yml").write_text(f"http_unix_socket: {daemon.socket}\n")
    variables = {**os.environ, "GH_CONFIG_DIR": str(config), "GH_TOKEN": token, "GH_NO_UPDATE_NOTIFIER": "1",
                 "NO_COLOR": "1", "GH_PROMPT_DISABLED": "1", **(env or {})}
    done = subprocess.run(["gh", *arguments], env=variables, capture_output=True, timeout=60)
    if check:
        assert done.returncode == 0, (arguments, done.returncode, done.stderr.decode())
    return done


def wait_until(condition, seconds=START_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.02)


def temporary_folder():
    return pathlib.Path(tempfile.mkdtemp(prefix="ghmesh-test-"))


def remove_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
