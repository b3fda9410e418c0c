# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Nothing that is secret is found where it must not be: store, logs, metrics, command line, core dump.

Canaries are tokens, their hashes, the bodies, paths and names of a private repository, and what makes a swarm; each is
searched in many encodings (canaries.py). A test plants one canary and looks for it first, so that the search itself is
known to work.
"""

import base64
import hashlib
import json
import pathlib
import subprocess

import harness
import mesh
from canaries import PATHS, PRIVATE, TOKENS, body_canaries, files_below, find, kept_root, root_canaries, \
    swarm_canaries, token_canaries

PASSPHRASE = "vellum quartz trombone ossify glacier"


def process_files(daemon):
    """What anybody of the same user reads of a process without tracing it."""
    return {name: pathlib.Path(f"/proc/{daemon.pid}/{name}").read_bytes() for name in ("cmdline", "environ")}


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
    haystacks.update(process_files(daemon))
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


class Swarm:
    """Three nodes that have the same secret from three sources, each with the most talkative log."""

    def __init__(self, folder, upstream, secrets_by_source):
        self.folder, self.upstream = folder, upstream
        self.directory = folder / "shared"
        self.directory.mkdir()
        self.nodes = []
        for source, (secret, env) in secrets_by_source.items():
            self.nodes.append(mesh.Node(
                folder / source, upstream, secret, "--log-level", "trace", "--peer-directory", self.directory,
                "--peer-list-file", folder / source / "list", tcp=False, env=env,
                peers=[node.multiaddr for node in self.nodes[:1]]))
        mesh.until(lambda: all(len(node.members()) == len(self.nodes) - 1 for node in self.nodes))

    def ask_all(self):
        for path in PATHS:
            for node, token in zip(self.nodes, (TOKENS[0], TOKENS[0], TOKENS[1])):
                assert node.ask(path, token).status == 200

    def haystacks(self):
        """Whatever these nodes show or keep, but for the files that hold the secret. They have ended then."""
        shown = {}
        for number, node in enumerate(self.nodes):
            for path in ("/metrics", "/version", "/api/v1/stats", "/api/v1/stats?swarm=1", "/api/v1/peers"):
                shown[f"{number} {path}"] = node.ask_admin(path).body
            for command in (("peers",), ("peers", "--json"), ("stats", "--swarm"), ("config", "list")):
                shown[f"{number} {command}"] = node.command(*command).stdout
            shown.update({f"{number} {name}": data for name, data in process_files(node).items()})
        for node in self.nodes:
            node.assert_healthy()
            assert node.stop() == 0
        shown.update({name: data for name, data in files_below(self.folder).items()
                      if pathlib.Path(name).name != "swarm.secret"})
        return shown


def test_what_makes_a_swarm_is_nowhere_but_in_its_file(tmp_path):
    model = harness.Model(tmp_path)
    file = mesh.new_secret(tmp_path / "swarm.secret")
    text = file.read_text().strip()
    kept = tmp_path / "kept" / "state" / "ghmesh"
    subprocess.run([harness.GHMESH, "swarm", "join", file], check=True, capture_output=True,
                   env=harness.environment(XDG_STATE_HOME=kept.parent))
    swarm = Swarm(tmp_path, model.url, {"file": (file, {}), "environment": (None, {"GHMESH_SWARM_SECRET": text}),
                                        "kept": (None, {})})
    swarm.ask_all()
    secrets = [*swarm_canaries(text), *(form for token in TOKENS for form in token_canaries(token))]
    haystacks = swarm.haystacks()
    model.stop()
    # Each node has a log, a ledger, a list of peers and a file in the directory of all.
    for part in ("daemon.log", "mesh-ledger", "mesh-peers", "list", ".ghmesh-peer"):
        assert sum(name.endswith(part) for name in haystacks) == 3, (part, list(haystacks))
    assert sum(len(data) for data in haystacks.values()) > 100_000
    found = find(haystacks, secrets)
    assert not found, found[:5]
    # The search finds it there: the text, and the key in it as base32.
    assert len(find({str(kept): (kept / "swarm.secret").read_bytes()}, secrets)) >= 2


def test_a_passphrase_and_what_is_made_of_it_are_nowhere_but_in_the_nodes_own_file(tmp_path):
    model = harness.Model(tmp_path)
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE + "\n")
    passphrase.chmod(0o600)
    invitation = subprocess.run([harness.GHMESH, "swarm", "new", "--passphrase-file", passphrase], check=True,
                                capture_output=True, env=harness.environment(), text=True).stdout
    both = tmp_path / "swarm.secret"
    both.write_text(invitation + PASSPHRASE + "\n")
    both.chmod(0o600)
    passphrase.unlink()
    kept = tmp_path / "kept" / "state" / "ghmesh"
    subprocess.run([harness.GHMESH, "swarm", "join", both], check=True, capture_output=True,
                   env=harness.environment(XDG_STATE_HOME=kept.parent))
    root = kept_root((kept / "swarm.secret").read_text())
    swarm = Swarm(tmp_path, model.url, {"file": (both, {}), "kept": (None, {})})
    swarm.ask_all()
    haystacks = swarm.haystacks()
    model.stop()
    secrets = [PASSPHRASE, *PASSPHRASE.split()[:3], *root_canaries(root)]
    found = find(haystacks, secrets)
    assert not found, found[:5]
    of_node = {"kept": (kept / "swarm.secret").read_bytes()}
    assert find(of_node, [*root_canaries(root)]) and not find(of_node, [PASSPHRASE, "vellum quartz", "ossify glacier"])


def test_lists_of_peers_hold_no_plain_address(tmp_path):
    model = harness.Model(tmp_path)
    file = mesh.new_secret(tmp_path / "swarm.secret")
    swarm = Swarm(tmp_path, model.url, {"one": (file, {}), "other": (file, {})})
    addresses = [node.multiaddr for node in swarm.nodes]
    peers = json.loads(swarm.nodes[0].ask_admin("/api/v1/peers").body)
    assert peers["peers"][0]["addresses"] == [addresses[1].split("/p2p/")[0]]  # they know each other's
    lists = {name: data for name, data in swarm.haystacks().items()
             if name.endswith((".ghmesh-peer", "list", "mesh-peers"))}
    model.stop()
    assert len(lists) == 6 and all(len(data) > 100 for data in lists.values())
    for address in addresses:
        _, _, host, _, port, _, peer = address.split("/")
        binary = bytes([4, *map(int, host.split(".")), 6]) + int(port).to_bytes(2, "big")
        words = {b"/ip4/", host.encode(), port.encode(), peer.encode(), binary, binary.hex().encode(), binary[5:],
                 base58(peer)[6:], base58(peer)[6:].hex().encode()}
        for name, data in lists.items():
            assert not [word for word in words if len(word) > 3 and word in data], name


def base58(text):
    """The bytes of a peer id."""
    number = 0
    for letter in text:
        number = number * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(letter)
    return number.to_bytes(38, "big")
