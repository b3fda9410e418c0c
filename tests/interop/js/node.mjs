// SPDX-License-Identifier: Apache-2.0 OR MIT
// A js-libp2p node as the interoperability tests want it: TCP, Noise, yamux, identify and, if asked for, gossipsub.
// js-libp2p is written for Node 22; what Debian's Node 18 and Node 20 lack is added here, so this module comes before any
// of libp2p's.
import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto;
globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, options) {
    super(type, options);
    this.detail = options?.detail ?? null;
  }
};
Promise.withResolvers ??= function () {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const { createLibp2p } = await import('libp2p');
const { tcp } = await import('@libp2p/tcp');
const { noise } = await import('@chainsafe/libp2p-noise');
const { yamux } = await import('@chainsafe/libp2p-yamux');
const { identify, identifyPush } = await import('@libp2p/identify');
const { ping } = await import('@libp2p/ping');
const { gossipsub } = await import('@libp2p/gossipsub');
const { generateKeyPair, generateKeyPairFromSeed } = await import('@libp2p/crypto/keys');

const GOSSIPSUB_VERSIONS = ['/meshsub/1.2.0', '/meshsub/1.1.0', '/meshsub/1.0.0'];

// Noise that tells `onSecured(peer, inlined)` how the muxer was agreed on, and leaves it to multistream if told to.
export function observedNoise(inlineMuxers, onSecured) {
  return components => {
    const inner = noise()(components);
    const secure = direction => async (connection, options = {}) => {
      const secured = await inner[direction](connection, inlineMuxers
        ? options : { ...options, skipStreamMuxerNegotiation: true });
      onSecured(secured.remotePeer.toString(), secured.streamMuxer !== undefined);
      return secured;
    };
    return {
      protocol: inner.protocol,
      secureOutbound: secure('secureOutbound'),
      secureInbound: secure('secureInbound'),
    };
  };
}

function gossipService(newest) {
  const make = gossipsub({
    fallbackToFloodsub: false,
    globalSignaturePolicy: 'StrictSign',
    allowPublishToZeroTopicPeers: true,
    // The default counts everybody behind one address as one suspect: a test's nodes are all on loopback.
    scoreParams: { IPColocationFactorWeight: 0 },
  });
  return components => {
    const service = make(components);
    // The option of this name is not looked at.
    service.protocols = GOSSIPSUB_VERSIONS.slice(GOSSIPSUB_VERSIONS.indexOf(`/meshsub/${newest}.0`));
    return service;
  };
}

// The limits are those of a server that many tests use at once: the defaults are 5 new connections a second from one
// host and 32 streams of one protocol.
export async function createNode({ listen, seed, inlineMuxers = true, gossip = '', onSecured = () => {} }) {
  const privateKey = seed ? await generateKeyPairFromSeed('Ed25519', Buffer.from(seed, 'hex'))
    : await generateKeyPair('Ed25519');
  return createLibp2p({
    privateKey,
    addresses: { listen: listen ? [listen] : [] },
    transports: [tcp()],
    connectionEncrypters: [observedNoise(inlineMuxers, onSecured)],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: 1000, maxParallelDials: 100, dialTimeout: 15000,
      inboundConnectionThreshold: 10000, maxIncomingPendingConnections: 1000, reconnectRetries: 0,
    },
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      identifyPush: identifyPush({ debounce: 10 }),
      // The service opens a stream for each round, and its default is one at a time: the last may still be closing.
      ping: ping({ maxInboundStreams: 32, maxOutboundStreams: 32 }),
      ...(gossip ? { pubsub: gossipService(gossip) } : {}),
    },
  });
}
