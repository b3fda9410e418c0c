// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the benchmarks of js-libp2p share: a node without limits that would be measured instead, bytes on dialed sockets,
// quantiles, and the second process. It is to bench/p2p/*.cc what js-libp2p is to ghmesh.
import net from 'node:net';
import { execFileSync, fork } from 'node:child_process';
import './node.mjs';

const { createLibp2p } = await import('libp2p');
const { tcp } = await import('@libp2p/tcp');
const { noise } = await import('@chainsafe/libp2p-noise');
const { yamux } = await import('@chainsafe/libp2p-yamux');
const { identify } = await import('@libp2p/identify');
const { ping } = await import('@libp2p/ping');
const { gossipsub } = await import('@libp2p/gossipsub');
export const { multiaddr } = await import('@multiformats/multiaddr');

// Each connection is counted once, at its dialer, both ways.
const open = new Set();
let closedBytes = 0;
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...options) {
  open.add(this);
  this.once('close', () => {
    closedBytes += this.bytesRead + this.bytesWritten;
    open.delete(this);
  });
  return connect.apply(this, options);
};
export function wireBytes() {
  let sum = closedBytes;
  for (const socket of open) sum += socket.bytesRead + socket.bytesWritten;
  return sum;
}

export function makeNode(withGossip) {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: 2000, maxParallelDials: 100, dialTimeout: 20000,
      inboundConnectionThreshold: 10000, maxIncomingPendingConnections: 1000,
    },
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      ping: ping(),
      ...(withGossip && {
        // With its default, ten peers behind one address are suspects, and a mesh of 32 delivers nothing.
        pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, scoreParams: { IPColocationFactorWeight: 0 } }),
      }),
    },
  });
}

export const now = () => process.hrtime.bigint();
export const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] : NaN;
}
export function putQuantiles(out, name, values) {
  out[`${name}_p50`] = quantile(values, 0.5);
  out[`${name}_p99`] = quantile(values, 0.99);
}

export const isChild = process.env.GHMESH_BENCH_CHILD === '1';
export function pin() {
  execFileSync('taskset', ['-acp', isChild ? '1' : '0', String(process.pid)], { stdio: 'ignore' });
}
export function startChild(file) {
  const child = fork(file, process.argv.slice(2), { env: { ...process.env, GHMESH_BENCH_CHILD: '1' } });
  setTimeout(() => {
    child.kill();
    process.exit(3);
  }, 150_000).unref();
  return child;
}
