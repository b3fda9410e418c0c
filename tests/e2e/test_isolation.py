# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Non-interference: fifty credentials, a hundred thousand interleaved requests, restarts in between, and not one byte
of one principal's private data in another's answer.

What each credential must get is asked of the model beforehand, uncounted. Requests are pipelined in random order over
several connections. tools/mutants proves that this test can fail: it drops the principal from the keys.
"""

import concurrent.futures
import os
import random
import socket
import time

import harness

USERS_COUNT = 50
REQUESTS_COUNT = int(os.environ.get("GHMESH_ISOLATION_REQUESTS", "100000"))
ROUNDS_COUNT = 5  # the daemon is killed between them
CONNECTIONS_COUNT = 8
BATCH_COUNT = 50
SEED = 20261122


def user(number):
    return f"tester{number:02}"


def token_of(number):
    return f"ghp_model_{user(number)}_1"


def private_paths(number):
    own = f"/repos/{user(number)}/private"
    return [own, f"{own}/issues", f"{own}/issues/1"]


def expectations(model, numbers):
    """{(token, path): (status, body)} as GitHub would answer: own data, other people's (404), and what all may see."""
    connection = model.connection()
    expected = {}
    for number in numbers:
        neighbour = (number + 1) % USERS_COUNT
        paths = private_paths(number) + private_paths(neighbour) + ["/user", "/repos/octo-org/widgets/issues/1"]
        for path in paths:
            answer = harness.ask(connection, f"/_model/expect?path={harness.quote(path)}&token={token_of(number)}")
            expected[token_of(number), path] = (int(answer.headers["X-Model-Status"]), answer.body)
    connection.close()
    return expected


def read_answer(stream):
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, stream.read(length)


def run_connection(path, expected, count, seed):
    """Asks `count` times in random order; answers what came back wrong."""
    chooser = random.Random(seed)
    pairs = list(expected)
    wrong = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(path))
        stream = connection.makefile("rb")
        for _ in range(count // BATCH_COUNT):
            batch = [chooser.choice(pairs) for _ in range(BATCH_COUNT)]
            connection.sendall(b"".join(
                f"GET {path} HTTP/1.1\r\nHost: api.github.com\r\nAuthorization: token {token}\r\n\r\n".encode()
                for token, path in batch))
            for pair in batch:
                got = read_answer(stream)
                if got != expected[pair]:
                    wrong.append((pair, got[0], got[1][:200]))
    return wrong


def test_trap_1_no_byte_of_one_principal_reaches_another(tmp_path):
    model = harness.Model(tmp_path)
    model.control("mode?secondary=off")  # fifty users at once from one machine are not what this test is about
    expected = expectations(model, range(USERS_COUNT))
    statuses = {status for status, _ in expected.values()}
    assert statuses == {200, 404}, statuses
    began = time.monotonic()
    wrong = []
    per_connection = REQUESTS_COUNT // ROUNDS_COUNT // CONNECTIONS_COUNT
    for round_number in range(ROUNDS_COUNT):
        daemon = harness.Daemon(tmp_path, model.url, tcp=False)
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS_COUNT) as pool:
            jobs = [pool.submit(run_connection, daemon.socket, expected, per_connection,
                                SEED + 100 * round_number + number) for number in range(CONNECTIONS_COUNT)]
            for job in jobs:
                wrong += job.result()
        daemon.kill()
    model.stop()
    print(f"{REQUESTS_COUNT} requests in {time.monotonic() - began:.1f} s, {len(wrong)} wrong")
    assert not wrong, wrong[:3]


def test_no_flight_carries_a_stranger(tmp_path):
    """Callers of different principals who ask for one cold URL share nothing: a flight needs the cache's key."""
    model = harness.Model(tmp_path, "--latency", "100")
    daemon = harness.Daemon(tmp_path, model.url, tcp=False)
    expected = expectations(model, range(USERS_COUNT))
    for path in ("/user", private_paths(0)[0], private_paths(1)[0]):
        connections = []
        for number in range(USERS_COUNT):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(60)
            connection.connect(str(daemon.socket))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: api.github.com\r\n"
                               f"Authorization: token {token_of(number)}\r\n\r\n".encode())
            connections.append(connection)
        for number, connection in enumerate(connections):
            status, body = read_answer(connection.makefile("rb"))
            if (token_of(number), path) in expected:
                assert (status, body) == expected[token_of(number), path]
            else:
                assert status == 404, (number, path, status)
            connection.close()
    assert daemon.stop() == 0
    model.stop()


def test_a_thousand_callers_of_one_cold_url_are_one_call(tmp_path):
    model = harness.Model(tmp_path, "--latency", "300")
    daemon = harness.Daemon(tmp_path, model.url, tcp=False)
    request = (b"GET /repos/octo-org/widgets HTTP/1.1\r\nHost: api.github.com\r\n"
               b"Authorization: token ghp_model_octocat_1\r\n\r\n")
    connections = []
    for _ in range(1000):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(60)
        connection.connect(str(daemon.socket))
        connections.append(connection)
    for connection in connections:
        connection.sendall(request)
    answers = set()
    for connection in connections:
        answers.add(read_answer(connection.makefile("rb")))
        connection.close()
    assert len(answers) == 1 and next(iter(answers))[0] == 200
    assert model.calls() == 1
    assert daemon.stop() == 0
    model.stop()
