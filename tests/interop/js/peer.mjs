// SPDX-License-Identifier: Apache-2.0 OR MIT
// js-libp2p as a peer of the interoperability suite: the contract is in ../README.md. Several nodes to a process.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createNode } from './node.mjs';
import * as streams from './streams.mjs';

const { multiaddr } = await import('@multiformats/multiaddr');
const { peerIdFromString } = await import('@libp2p/peer-id');

const nodes = new Map();

function write(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

class Node {
  constructor(name, options) {
    this.name = name;
    this.options = options;
    this.inlined = new Map();     // by peer: was its muxer agreed within Noise?
    this.identities = new Map();  // by peer: what it said last
    this.waiting = new Map();     // by peer: who waits for that
  }

  tell(event, fields) {
    write({ event, node: this.name, ...fields });
  }

  async start() {
    const { listen = '/ip4/127.0.0.1/tcp/0', seed, inline_muxers: inlineMuxers = true, gossipsub = '' } = this.options;
    this.libp2p = await createNode({
      listen, seed, inlineMuxers, gossip: gossipsub === 'mute' ? '' : gossipsub,
      onSecured: (peer, inlined) => this.inlined.set(peer, inlined),
    });
    this.listenToConnections();
    if (gossipsub === 'mute') await this.libp2p.handle('/meshsub/1.1.0', stream => streams.readToEnd(stream, () => {}));
    else if (gossipsub) this.listenToGossip();
    await streams.serve(this.libp2p, ended => this.tell('stream_ended', ended));
    return {
      peer: this.libp2p.peerId.toString(),
      address: this.libp2p.getMultiaddrs()[0].toString(),
      agent: this.libp2p.services.identify.host.agentVersion,
    };
  }

  listenToConnections() {
    this.libp2p.addEventListener('connection:open', ({ detail }) => {
      const peer = detail.remotePeer.toString();
      this.tell('connected', {
        peer, direction: detail.direction === 'inbound' ? 'in' : 'out', inlined: this.inlined.get(peer),
      });
    });
    this.libp2p.addEventListener('peer:disconnect', ({ detail }) => {
      this.identities.delete(detail.toString());
      this.tell('disconnected', { peer: detail.toString() });
    });
    this.libp2p.addEventListener('peer:identify', ({ detail }) => {
      const peer = detail.peerId.toString();
      this.identities.set(peer, detail);
      this.tell('identified', { peer, protocols: detail.protocols });
      for (const resolve of this.waiting.get(peer) ?? []) resolve(detail);
      this.waiting.delete(peer);
    });
  }

  listenToGossip() {
    const { pubsub } = this.libp2p.services;
    pubsub.addEventListener('subscription-change', ({ detail }) => {
      for (const { topic, subscribe } of detail.subscriptions) {
        if (subscribe) this.tell('subscribed', { peer: detail.peerId.toString(), topic });
      }
    });
    pubsub.addEventListener('message', ({ detail }) => {
      if (detail.type !== 'signed') return;  // StrictSign lets none through
      this.tell('message', {
        topic: detail.topic, from: detail.from.toString(), bytes: detail.data.byteLength,
        sha256: createHash('sha256').update(detail.data).digest('hex'),
      });
    });
  }

  connection(peer) {
    const found = this.libp2p.getConnections(peerIdFromString(peer)).find(({ status }) => status === 'open');
    if (found === undefined) throw new Error(`not connected to ${peer}`);
    return found;
  }

  async identity(peer) {
    const known = this.identities.get(peer);
    if (known) return known;
    this.connection(peer);
    const late = AbortSignal.timeout(15000);
    return new Promise((resolve, reject) => {
      this.waiting.set(peer, [...this.waiting.get(peer) ?? [], resolve]);
      late.addEventListener('abort', () => reject(new Error(`${peer} did not identify itself`)));
    });
  }
}

const commands = {
  dial: async (node, { address }) => {
    const connection = await node.libp2p.dial(multiaddr(address));
    return { peer: connection.remotePeer.toString() };
  },
  hang_up: async (node, { peer }) => {
    await node.libp2p.hangUp(peerIdFromString(peer));
  },
  peers: async node => ({ peers: node.libp2p.getPeers().map(String) }),
  ping: async (node, { peer, count = 1 }) => {
    for (let round = 0; round < count; ++round) await node.libp2p.services.ping.ping(peerIdFromString(peer));
    return { count };
  },
  identify: async (node, { peer }) => {
    const said = await node.identity(peer);
    return {
      agent: said.agentVersion, protocol_version: said.protocolVersion, protocols: said.protocols,
      addresses: said.listenAddrs.map(String), signed_record: said.signedPeerRecord ? 'verified' : 'none',
    };
  },
  push: async (node, { protocol }) => {
    // Who serves something new pushes by itself.
    await node.libp2p.handle(protocol, streams.handleEcho, streams.STREAM_LIMITS);
  },
  echo: async (node, command) => streams.echo(node.connection(command.peer), command),
  reset: async (node, command) => streams.reset(node.connection(command.peer), command),
  greet: async (node, command) => streams.greet(node.connection(command.peer), command),
  transfer: async (node, command) => streams.transfer(node.connection(command.peer), command),
  raw: async (node, { peer, protocol, hex }) => {
    const stream = await streams.open(node.connection(peer), protocol);
    stream.send(Buffer.from(hex, 'hex'));
  },
  subscribe: async (node, { topic }) => node.libp2p.services.pubsub.subscribe(topic),
  unsubscribe: async (node, { topic }) => node.libp2p.services.pubsub.unsubscribe(topic),
  publish: async (node, { topic, text, bytes = 0 }) => {
    await node.libp2p.services.pubsub.publish(topic, Buffer.from(text.padEnd(bytes, '.')));
  },
  gossip: async (node, { topic }) => {
    const { pubsub } = node.libp2p.services;
    return {
      mesh: pubsub.getMeshPeers(topic), subscribers: pubsub.getSubscribers(topic).map(String),
      versions: [...pubsub.streamsOutbound].map(([peer, stream]) => `${peer} ${stream.protocol}`),
    };
  },
};

async function carryOut(command) {
  const { do: verb, node: name = '' } = command;
  if (verb === 'start') {
    if (nodes.has(name)) throw new Error(`the node '${name}' has been started`);
    const node = new Node(name, command);
    nodes.set(name, node);
    return node.start();
  }
  const node = nodes.get(name);
  if (node === undefined) throw new Error(`there is no node '${name}'`);
  if (verb === 'stop') {
    nodes.delete(name);
    return node.libp2p.stop();
  }
  if (!Object.hasOwn(commands, verb)) throw new Error(`unknown command '${verb}'`);
  return commands[verb](node, command);
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  carryOut(command).then(
    answer => write({ id: command.id, ok: true, ...answer }),
    // A stream that ends early may reject with the event instead of an error.
    error => write({ id: command.id, error: error instanceof Error ? `${error}` : `a '${error.type}' came first` }));
}
process.exit(0);
