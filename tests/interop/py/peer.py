# SPDX-License-Identifier: Apache-2.0 OR MIT
"""py-libp2p as a peer of the interoperability suite: the contract is in ../README.md. Several nodes to a process."""

import hashlib
import json
import logging
import os
import sys

import trio
from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.host import basic_host
from libp2p.host.ping import PingService
from libp2p.identity.identify.identify import AGENT_VERSION
from libp2p.identity.identify_push import identify_push
from libp2p.peer.envelope import consume_envelope
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.pubsub.gossipsub import GossipSub
from libp2p.pubsub.pubsub import Pubsub
from libp2p.tools.anyio_service import background_trio_service
from multiaddr import Multiaddr

import streams

PATIENCE_SECONDS = 18
TRANSFER_SECONDS = 58
GOSSIPSUB_VERSIONS = ["/meshsub/1.2.0", "/meshsub/1.1.0", "/meshsub/1.0.0"]


def write(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Observer:
    """Learns of connections: the network tells its notifees."""

    def __init__(self, node):
        self.node = node

    async def connected(self, _network, connection):
        muxed = connection.muxed_conn
        self.node.tell("connected", peer=str(muxed.peer_id), direction="out" if muxed.is_initiator else "in")

    async def disconnected(self, _network, connection):
        peer = connection.muxed_conn.peer_id
        if peer not in self.node.host.get_connected_peers():
            self.node.identities.pop(str(peer), None)
            self.node.tell("disconnected", peer=str(peer))

    async def opened_stream(self, *_):
        pass

    closed_stream = listen = listen_close = opened_stream


class Node:
    def __init__(self, command):
        self.name = command.get("node", "")
        seed = bytes.fromhex(command.get("seed", "")) or os.urandom(32)
        self.listen = Multiaddr(command.get("listen", "/ip4/127.0.0.1/tcp/0"))
        self.version = command.get("gossipsub", "")
        self.identities = {}  # by peer: the last identify message
        self.changed = trio.Event()
        self.has_stopped = trio.Event()
        self.host = new_host(key_pair=create_new_key_pair(seed), disable_identify_address_discovery=True)
        self.host.get_network().register_notifee(Observer(self))
        self.pings = PingService(self.host)
        self.pubsub = None
        if self.version:
            newest = GOSSIPSUB_VERSIONS.index(f"/meshsub/{self.version}.0")
            # The rest is of no specification: everybody behind one address is no eclipse, and a burst no spam.
            self.router = GossipSub(GOSSIPSUB_VERSIONS[newest:], degree=6, degree_low=4, degree_high=12,
                                    heartbeat_interval=1, adaptive_gossip_enabled=False,
                                    spam_protection_enabled=False, eclipse_protection_enabled=False)
            self.pubsub = Pubsub(self.host, self.router, strict_signing=True)

    def tell(self, event, **fields):
        write({"event": event, "node": self.name, **fields})

    async def run(self, task_status):
        async with self.host.run(listen_addrs=[self.listen]), trio.open_nursery() as self.nursery:
            streams.serve(self.host, lambda **fields: self.tell("stream_ended", **fields))
            self.host.set_stream_handler("/ipfs/ping/1.0.0", self.pings.handle_ping)
            task_status.started()
            if self.pubsub:
                async with background_trio_service(self.pubsub), background_trio_service(self.router):
                    await self.pubsub.wait_until_ready()
                    await self.has_stopped.wait()
            else:
                await self.has_stopped.wait()
            self.nursery.cancel_scope.cancel()

    def heard_identify(self, peer, message):
        """Identify or push: the fields that are there replace what was said before."""
        known = self.identities.setdefault(str(peer), type(message)())
        for field in ("protocols", "listen_addrs"):
            if getattr(message, field):
                known.ClearField(field)
        known.MergeFrom(message)
        self.tell("identified", peer=str(peer), protocols=list(known.protocols))
        self.changed.set()
        self.changed = trio.Event()

    def connected(self, command):
        peer = ID.from_string(command["peer"])
        if peer not in self.host.get_connected_peers():
            raise ValueError(f"not connected to {peer}")
        return peer

    # ---- Commands -----------------------------------------------------------------------------------------------

    async def dial(self, command):
        info = info_from_p2p_addr(Multiaddr(command["address"]))
        await self.host.connect(info)
        return {"peer": str(info.peer_id)}

    async def hang_up(self, command):
        await self.host.disconnect(self.connected(command))

    async def peers(self, _command):
        return {"peers": [str(peer) for peer in self.host.get_connected_peers()]}

    async def ping(self, command):
        return {"count": len(await self.pings.ping(self.connected(command), command.get("count", 1)))}

    async def identify(self, command):
        peer = self.connected(command)
        while str(peer) not in self.identities:
            await self.changed.wait()
        said = self.identities[str(peer)]
        record = "none"
        if said.signedPeerRecord:
            _, signed = consume_envelope(said.signedPeerRecord, "libp2p-peer-record")
            record = "verified" if signed.peer_id == peer else "refused"
        return {"agent": said.agent_version, "protocol_version": said.protocol_version,
                "protocols": list(said.protocols), "signed_record": record,
                "addresses": [str(Multiaddr(address)) for address in said.listen_addrs]}

    async def push(self, command):
        self.host.set_stream_handler(command["protocol"], streams.handle_echo)
        await identify_push.push_identify_to_peers(self.host)

    async def echo(self, command):
        return await streams.echo(self.host, self.connected(command), command)

    async def reset(self, command):
        return await streams.reset(self.host, self.connected(command), command)

    async def greet(self, command):
        return await streams.greet(self.host, self.connected(command), command)

    async def transfer(self, command):
        return await streams.transfer(self.host, self.connected(command), command)

    async def subscribe(self, command):
        topic = command["topic"]
        self.nursery.start_soon(self.take_messages, topic, await self.pubsub.subscribe(topic))

    async def take_messages(self, topic, subscription):
        while True:
            message = await subscription.get()
            if ID(message.from_id) != self.host.get_id():
                self.tell("message", topic=topic, **{"from": str(ID(message.from_id))}, bytes=len(message.data),
                          sha256=hashlib.sha256(message.data).hexdigest())

    async def unsubscribe(self, command):
        await self.pubsub.unsubscribe(command["topic"])

    async def publish(self, command):
        await self.pubsub.publish(command["topic"], command["text"].encode().ljust(command.get("bytes", 0), b"."))

    async def gossip(self, command):
        topic = command["topic"]
        return {"mesh": [str(peer) for peer in self.router.mesh.get(topic, ())],
                "subscribers": [str(peer) for peer in self.pubsub.peer_topics.get(topic, ())],
                "versions": [f"{peer} {version}" for peer, version in self.router.peer_protocol.items()]}

    async def stop(self, _command):
        self.has_stopped.set()


VERBS = ["dial", "hang_up", "peers", "ping", "identify", "push", "echo", "reset", "greet", "transfer", "subscribe",
         "unsubscribe", "publish", "gossip", "stop"]


class Program:
    def __init__(self):
        self.nodes = {}
        # Nothing else of the library hands on what a peer said of itself.
        self.update_peerstore = basic_host.update_peerstore_from_identify
        basic_host.update_peerstore_from_identify = self.update_peerstore_and_tell
        identify_push.update_peerstore_from_identify = self.update_peerstore_and_tell

    async def update_peerstore_and_tell(self, peerstore, peer, message):
        await self.update_peerstore(peerstore, peer, message)
        for node in self.nodes.values():
            if node.host.get_peerstore() is peerstore:
                node.heard_identify(peer, message)

    async def carry_out(self, command):
        verb, name = command["do"], command.get("node", "")
        if verb == "start":
            if name in self.nodes:
                raise ValueError(f"the node '{name}' has been started")
            node = self.nodes[name] = Node(command)
            await self.nursery.start(self.run_node, node)
            address = node.host.get_transport_addrs()[0]
            return {"peer": str(node.host.get_id()), "address": f"{address}/p2p/{node.host.get_id()}",
                    "agent": AGENT_VERSION}
        if name not in self.nodes:
            raise ValueError(f"there is no node '{name}'")
        if verb not in VERBS:
            raise ValueError(f"unknown command '{verb}'")
        node = self.nodes[name]
        if verb == "stop":
            del self.nodes[name]
        with trio.fail_after(TRANSFER_SECONDS if verb == "transfer" else PATIENCE_SECONDS):
            return await getattr(node, verb)(command)

    async def run_node(self, node, task_status):
        await node.run(task_status)

    async def answer(self, command):
        try:
            write({"id": command["id"], "ok": True, **(await self.carry_out(command) or {})})
        except (Exception, trio.TooSlowError) as error:  # whatever it is: a peer answers every command
            write({"id": command["id"], "error": f"{type(error).__name__}: {error}"})

    async def run(self):
        async with trio.open_nursery() as self.nursery:
            while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
                self.nursery.start_soon(self.answer, json.loads(line))
            self.nursery.cancel_scope.cancel()


if __name__ == "__main__":
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "ERROR"))
    trio.run(Program().run)
    os._exit(0)  # services of the library may have threads that do not end
