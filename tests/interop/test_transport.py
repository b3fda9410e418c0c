# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The transport test of the public libp2p matrix, run here: a listener and a dialer that meet in a real redis.

There, each app is a container that is told by its environment what to be (README.md); here it is a process.
"""

import hashlib
import os
import socket
import subprocess
import sys
import time

import pytest
import yaml

import peers

APPS = {
    "ghmesh": [peers.BUILD / "apps" / "ghmesh-transport-test"],
    "js": ["node", peers.HERE / "js" / "transport.mjs"],
}
PATIENCE_SECONDS = 40
# What the matrix keeps of a dialer's output: it greps for lines of exactly this form.
LATENCY = ("handshake_plus_one_rtt", "ping_rtt", "unit")


def pytest_generate_tests(metafunc):
    """`app` is the subject's, if it has one, else js; `apps` is (dialer, listener): that and js, both ways round."""
    subject = metafunc.config.getoption("--subject")
    app = subject if subject in APPS else "js"
    if "app" in metafunc.fixturenames:
        metafunc.parametrize("app", [app])
    if "apps" in metafunc.fixturenames:
        metafunc.parametrize("apps", dict.fromkeys(((app, "js"), ("js", app))), ids="-".join)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    folder = tmp_path_factory.mktemp("redis")
    port = free_port()
    server = subprocess.Popen(["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "",
                               "--dir", folder, "--logfile", folder / "redis.log"])
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except ConnectionRefusedError:
            assert server.poll() is None and time.monotonic() < deadline, (folder / "redis.log").read_text()
            time.sleep(0.02)
    yield f"127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.fixture
def told(redis, request):
    """The environment of both, as the matrix makes it."""
    return {"DEBUG": "false", "REDIS_ADDR": redis, "TRANSPORT": "tcp", "SECURE_CHANNEL": "noise", "MUXER": "yamux",
            "LISTENER_IP": "127.0.0.1", "TEST_KEY": hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]}


def start(app, told, role, **more):
    variables = {**os.environ, **told, "IS_DIALER": "true" if role == "dialer" else "false", **more}
    return subprocess.Popen([str(part) for part in APPS[app]], env=variables, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, seconds=PATIENCE_SECONDS):
    try:
        out, log = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, log = process.communicate()
        log += "\nkilled: it did not end by itself"
    assert not any(word in log for word in peers.CRASH_WORDS), log[-4000:]
    return process.returncode, out, log


def meet(apps, told, **more):
    """The latency that the dialer reports, after all that the matrix asks of both has been checked."""
    listener = start(apps[1], told, "listener", **more)
    status, out, log = finish(start(apps[0], told, "dialer", **more))
    listener.terminate()
    _, listener_out, listener_log = finish(listener)
    assert status == 0, f"{log[-2000:]}\n--- listener\n{listener_log[-2000:]}"
    assert listener_out == "", "standard output is for results"
    lines = out.splitlines()
    assert lines[0] == "latency:" and [line.split(":")[0] for line in lines[1:]] == [f"  {name}" for name in LATENCY]
    latency = yaml.safe_load(out)["latency"]
    assert latency["unit"] == "ms"
    assert 0 < latency["ping_rtt"] <= latency["handshake_plus_one_rtt"] < PATIENCE_SECONDS * 1000
    return latency


def test_dialer_and_listener_meet(apps, told):
    meet(apps, told)


def test_an_address_that_was_set_is_found(app, told):
    """The document says that listeners set a string; those of this suite push to a list. A dialer takes both."""
    meet((app, "js"), told, PUBLISH_AS="string")


def test_a_listener_on_all_addresses_publishes_one_that_others_reach(apps, told):
    """As in the matrix: LISTENER_IP is 0.0.0.0. In a network of its own, with one address besides loopback's."""
    command = [sys.executable, __file__, *apps, told["TEST_KEY"]]
    inside = ("set -e; ip link add outside type veth peer name other; ip addr add 10.77.0.2/24 dev outside;"
              ' for device in lo outside other; do ip link set "$device" up; done; exec "$@"')
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    done = subprocess.run(["unshare", *as_root, "--net", "sh", "-c", inside, "sh", *command], capture_output=True,
                          text=True, timeout=3 * PATIENCE_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("/ip4/10.77.0.2/tcp/")


@pytest.mark.parametrize("change", [{"TRANSPORT": "quic-v1"}, {"SECURE_CHANNEL": "tls"}, {"MUXER": "mplex"},
                                    {"REDIS_ADDR": "127.0.0.1:1"}, {"TEST_TIMEOUT_SECS": "1"}],
                         ids=lambda change: next(iter(change)))
def test_a_dialer_that_cannot_says_so_by_its_status(change, app, told):
    """Nobody listens, and what is asked for is not to be had, or nobody comes in time."""
    status, out, log = finish(start(app, told, "dialer", **change))
    assert status not in (0, None) and status > 0, log
    assert out == "" and log != ""


def inside_a_network_of_its_own(dialer, listener, key):
    port = free_port()
    server = subprocess.Popen(["redis-server", "--bind", "10.77.0.2", "--port", str(port), "--save", "",
                               "--protected-mode", "no"], stdout=subprocess.DEVNULL)
    try:
        told = {"DEBUG": "false", "REDIS_ADDR": f"10.77.0.2:{port}", "TRANSPORT": "tcp", "SECURE_CHANNEL": "noise",
                "MUXER": "yamux", "LISTENER_IP": "0.0.0.0", "TEST_KEY": key}
        cli = ["redis-cli", "-h", "10.77.0.2", "-p", str(port)]
        while subprocess.run([*cli, "ping"], capture_output=True).returncode != 0:
            assert server.poll() is None
            time.sleep(0.02)
        listening = start(listener, told, "listener")
        read = [*cli, "lindex", f"{key}_listener_multiaddr", "0"]
        while not (published := subprocess.run(read, capture_output=True, text=True).stdout.strip()):
            assert listening.poll() is None
            time.sleep(0.02)
        print(published)
        status, _, log = finish(start(dialer, told, "dialer"))
        listening.terminate()
        finish(listening)
        assert status == 0, log
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    inside_a_network_of_its_own(*sys.argv[1:])
