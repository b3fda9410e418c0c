# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The servers side by side: ghmesh, nginx, Varnish, and two bare ones as limits. Each is pinned to SERVER_CORE.

Everything listens on loopback, keeps its files in one folder, and ends with `close()`.
"""

import http.client
import os
import pathlib
import socket
import subprocess
import sys
import time

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
BUILD = pathlib.Path(os.environ.get("GHMESH_BUILD", ROOT / "build" / "release"))
SERVER_CORE, LOAD_CORE = 0, 1
START_SECONDS = 20
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

# What gh sends. Every server gets the same, and the credential belongs to the key of each cache.
FIELDS = {"Authorization": "token ghp_model_octocat_1", "User-Agent": "GitHub CLI 2.23.0",
          "Accept": "application/vnd.github+json, application/json"}


class Cores:
    """Children that are started inside this block run on this core alone."""

    def __init__(self, *cores):
        self.cores = set(cores) & os.sched_getaffinity(0)

    def __enter__(self):
        self.before = os.sched_getaffinity(0)
        if self.cores:
            os.sched_setaffinity(0, self.cores)

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.before)


def free_ports(count):
    """Ports of five digits, so that a rewritten URL is as long as the one it replaces."""
    listeners = [socket.socket() for _ in range(count)]
    for listener in listeners:
        listener.bind(("127.0.0.1", 0))
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def environment(**more):
    ours = ("GHMESH_", "GH_", "GITHUB_", "LISTEN_", "NOTIFY_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PATH": f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}",
            **{name: str(value) for name, value in more.items()}}


def process_family(pid):
    """This process and all its descendants: the master and the workers, the manager and its child."""
    family = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            family += process_family(int(child))
    return family


class Process:
    def __init__(self, name, command, log, core=SERVER_CORE, **variables):
        self.name, self.log = name, pathlib.Path(log)
        with Cores(core), open(self.log, "ab") as log_file:
            self.child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=log_file,
                                          env=environment(**variables), text=True)

    def read_line(self):
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with {self.child.wait()}: {self.log.read_text()[-2000:]}")
        return line.strip()

    def cpu_seconds(self):
        """User and system time of the whole family so far."""
        ticks = 0
        for pid in process_family(self.child.pid):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        """Without pages of files: those of the store are the kernel's to take back."""
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")) * 1024

    def close(self):
        self.child.terminate()
        try:
            self.child.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()


def get(port, path, fields=None):
    """One answer over TCP: (status, headers, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=FIELDS if fields is None else fields)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def wait_for_port(process, port):
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.name} did not start: {process.log.read_text()[-2000:]}") from None
            time.sleep(0.02)


class Origin(Process):
    def __init__(self, folder):
        super().__init__("origin", [sys.executable, BENCH / "origin.py"], folder / "origin.log", core=LOAD_CORE)
        self.port = int(self.read_line())

    def requests_count(self):
        return int(get(self.port, "/requests")[2])


class Ghmesh(Process):
    """One serving thread: the others have one worker too."""

    def __init__(self, folder, origin, *options):
        self.folder = folder / "ghmesh"
        self.folder.mkdir()
        self.socket = self.folder / "gh.sock"
        (self.port,) = free_ports(1)
        command = [BUILD / "apps" / "ghmesh", "serve", "--threads", "1", "--socket", self.socket,
                   "--listen", f"127.0.0.1:{self.port}", "--upstream", f"http://127.0.0.1:{origin.port}",
                   "--cache-dir", self.folder / "cache", *options]
        super().__init__("ghmesh", command, self.folder / "daemon.log", XDG_STATE_HOME=self.folder / "state",
                         XDG_CONFIG_HOME=self.folder / "config", XDG_RUNTIME_DIR=self.folder)
        wait_for_port(self, self.port)


class Nginx(Process):
    def __init__(self, folder, origin):
        self.folder = folder / "nginx"
        self.folder.mkdir()
        self.port, self.port_open_file_cache = free_ports(2)
        text = (BENCH / "nginx.conf").read_text()
        for name, value in {"FOLDER": self.folder, "PORT": self.port, "ORIGIN": origin.port,
                            "PORT_OPEN_FILE_CACHE": self.port_open_file_cache}.items():
            text = text.replace(f"@{name}@", str(value))
        configuration = self.folder / "nginx.conf"
        configuration.write_text(text)
        super().__init__("nginx", ["nginx", "-c", configuration, "-e", self.folder / "nginx.log"],
                         self.folder / "stderr.log")
        wait_for_port(self, self.port)


class Varnish(Process):
    def __init__(self, folder, origin):
        self.folder = folder / "varnish"
        self.folder.mkdir()
        (self.port,) = free_ports(1)
        rules = self.folder / "cache.vcl"
        rules.write_text((BENCH / "cache.vcl").read_text().replace("@ORIGIN@", str(origin.port)))
        super().__init__("varnish", ["varnishd", "-F", "-j", "none", "-n", self.folder / "work", "-f", rules,
                                     "-a", f"127.0.0.1:{self.port}", "-s", "malloc,256m", "-p", "thread_pools=1"],
                         self.folder / "varnish.log")
        wait_for_port(self, self.port)


class Fixed(Process):
    """epoll_server or bare_server: fixed bytes, whatever is asked for."""

    def __init__(self, folder, program, body_bytes):
        (self.port,) = free_ports(1)
        address = f"127.0.0.1:{self.port}" if program == "bare_server" else self.port
        super().__init__(program, [BUILD / "bench" / program, address, body_bytes], folder / f"{program}.log")
        wait_for_port(self, self.port)
