# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Daemons of one swarm, for the tests of the mesh and for the demonstration."""
import concurrent.futures
import subprocess
import time

import harness


def new_secret(path):
    """A swarm secret in a file, as `ghmesh swarm new > FILE` makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        subprocess.run([harness.GHMESH, "swarm", "new"], env=harness.environment(), stdout=file, check=True)
    path.chmod(0o600)
    return path


class Node(harness.Daemon):
    """A daemon that is in a swarm."""

    def __init__(self, folder, upstream, secret, *options, peers=(), address="127.0.0.1", **more):
        folder.mkdir(parents=True, exist_ok=True)
        asked = ["--swarm-secret-file", secret] if secret else []  # or it has one of another source
        asked += ["--p2p-listen", f"/ip4/{address}/tcp/0"]
        for peer in peers:
            asked += ["--peer", peer]
        super().__init__(folder, upstream, *asked, *options, **more)

    @property
    def multiaddr(self):
        return self.lines["p2p"][0]

    def peers(self):
        return self.ask_admin("/api/v1/peers").json()

    def members(self):
        return [peer for peer in self.peers()["peers"] if peer["admitted"]]

    def swarm_stats(self):
        return self.ask_admin("/api/v1/stats?swarm=1").json()

    def seen(self):
        """What this node has ever seen of a swarm: of an outsider, all of it is zero."""
        metrics = self.metrics()
        return {"members": int(metrics["mesh_members"]),
                "admitted": int(metrics['mesh_admissions_total{result="admitted"}']),
                "topics": int(metrics['mesh_gossip_total{topic="other"}']),
                "messages": int(metrics['mesh_gossip_total{topic="own"}']),
                "heard": int(metrics['mesh_announcements_total{result="heard"}']),
                "unsealed": int(metrics['mesh_announcements_total{result="unsealed"}'])}

    def refused_count(self):
        """Connections that did not prove to be of the swarm."""
        return int(self.metrics()['mesh_admissions_total{result="refused"}'])


def until(condition, seconds=harness.START_SECONDS):
    """Waits for what must come soon."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.005)


class Swarm:
    def __init__(self, folder, upstream, count, *options, **more):
        self.folder, self.upstream, self.options, self.more = folder, upstream, options, more
        self.secret = new_secret(folder / "swarm.secret")
        self.nodes = []
        for _ in range(count):
            self.add()
        self.connect()

    def add(self, *options):
        peers = [self.nodes[0].multiaddr] if self.nodes else []
        self.nodes.append(Node(self.folder / f"node{len(self.nodes)}", self.upstream, self.secret, *self.options,
                               *options, peers=peers, **self.more))
        return self.nodes[-1]

    def connect(self):
        """Waits until everybody is connected to everybody."""
        until(lambda: all(len(node.members()) == len(self.nodes) - 1 for node in self.nodes))

    def ask_all(self, path, tokens):
        """Everybody asks the same at the same moment."""
        with concurrent.futures.ThreadPoolExecutor(len(self.nodes)) as pool:
            return list(pool.map(lambda pair: pair[0].ask(path, pair[1]), zip(self.nodes, tokens)))

    def silent_count(self):
        """Questions for a lease that their home was too busy to answer in time. Each may cost a call: nobody waits."""
        return sum(int(node.metrics()['mesh_leases_total{result="silent"}']) for node in self.nodes)

    def stop(self):
        for node in self.nodes:
            if node.child.poll() is None:
                node.assert_healthy()
            assert node.stop() == 0
