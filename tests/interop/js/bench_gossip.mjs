// SPDX-License-Identifier: Apache-2.0 OR MIT
// Gossip among js-libp2p nodes, in the steps of bench/p2p/gossip.cc: bench_gossip.mjs NODES full|DEGREE latency|rate [BYTES].
import { fileURLToPath } from 'node:url';
import { isChild, makeNode, multiaddr, now, pin, putQuantiles, sleep, startChild, wireBytes } from './bench_node.mjs';

const [nodesCount, degree, mode] = [Number(process.argv[2]), process.argv[3], process.argv[4]];
const TOPIC = 'ghmesh-bench', MESSAGE_BYTES = Number(process.argv[5] ?? 1024), MESSAGES = 200, PAUSE = 25, SETTLE = 4500;
const RATE_MESSAGES = 10_000, UNDER_WAY_MAX = 500;

pin();
const half = nodesCount / 2;
const nodes = [];
let latencies = [];
let lastReceived = 0;
for (let i = 0; i < half; ++i) {
  const node = await makeNode(true);
  node.services.pubsub.addEventListener('message', ({ detail: { data } }) => {
    latencies.push(Number(now() - new DataView(data.buffer, data.byteOffset).getBigUint64(0)) / 1e6);
    lastReceived = performance.now();
  });
  node.services.pubsub.subscribe(TOPIC);
  nodes.push(node);
}

function publish(node) {
  const message = new Uint8Array(MESSAGE_BYTES);
  crypto.getRandomValues(message);
  new DataView(message.buffer).setBigUint64(0, now());
  return node.services.pubsub.publish(TOPIC, message);
}

const tasks = {
  addresses: () => nodes.map(node => node.getMultiaddrs()[0].toString()),
  async dial(list) {
    for (const [index, address] of list) await nodes[index].dial(multiaddr(address));
  },
  mark() {
    latencies = [];
    return wireBytes();
  },
  async latency(parity) {
    const begun = performance.now() + 100;
    for (let k = parity; k < MESSAGES; k += 2) {
      await sleep(begun + k * PAUSE - performance.now());
      await publish(nodes[Math.floor(k / 2) % half]);
    }
    await sleep(begun + MESSAGES * PAUSE + 1000 - performance.now());
  },
  async rate(parity) {
    if (parity === 1) {
      // Until all have come, or none has for a while.
      const begun = lastReceived = performance.now();
      while (latencies.length < RATE_MESSAGES && performance.now() - lastReceived < 5000) await sleep(5);
      return (lastReceived - begun) / 1e3;
    }
    let underWay = 0;
    for (let i = 0; i < RATE_MESSAGES; ++i) {
      ++underWay;
      publish(nodes[0]).catch(() => {}).then(() => --underWay);
      if (i % 50 === 0) await new Promise(resolve => setImmediate(resolve));
      while (underWay > UNDER_WAY_MAX) await sleep(1);
    }
  },
  figures: () => ({
    latencies, wire: wireBytes(),
    mesh: nodes.reduce((sum, node) => sum + node.services.pubsub.getMeshPeers(TOPIC).length, 0),
  }),
};

function edgesOf() {
  const edges = new Set();
  if (degree === 'full') {
    for (let i = 0; i < nodesCount; ++i) for (let j = 0; j < i; ++j) edges.add(`${i} ${j}`);
    return edges;
  }
  let state = 12345;
  const below = bound => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * bound);
  };
  for (let i = 1; i < nodesCount; ++i) edges.add(`${i} ${below(i)}`);
  while (edges.size < nodesCount * degree / 2) {
    const [a, b] = [below(nodesCount), below(nodesCount)];
    if (a !== b) edges.add(`${Math.max(a, b)} ${Math.min(a, b)}`);
  }
  return edges;
}

if (isChild) {
  process.on('message', async ({ id, task, argument }) => process.send({ id, result: await tasks[task](argument) }));
  process.on('disconnect', () => process.exit(0));
  process.send({ id: 0 });
} else {
  const child = startChild(fileURLToPath(import.meta.url));
  const waiting = new Map();
  const answer = id => new Promise(resolve => waiting.set(id, resolve));
  const ready = answer(0);
  child.on('message', ({ id, result }) => waiting.get(id)(result));
  let last = 0;
  const both = (task, ours, theirs) => {
    const remote = answer(++last);
    child.send({ id: last, task, argument: theirs });
    return Promise.all([tasks[task](ours), remote]);
  };
  await ready;
  const all = (await both('addresses')).flat();
  const lists = [[], []];
  for (const edge of edgesOf()) {
    const [from, to] = edge.split(' ').map(Number);
    lists[from < half ? 0 : 1].push([from % half, all[to]]);
  }
  await both('dial', ...lists);
  await sleep(SETTLE);
  const before = (await both('mark')).reduce((a, b) => a + b);
  const [, seconds] = await both(mode, 0, 1);
  const [ours, theirs] = await both('figures');
  const received = [...ours.latencies, ...theirs.latencies];
  const out = { nodes: nodesCount, degree, mesh: (ours.mesh + theirs.mesh) / nodesCount };
  if (mode === 'rate') {
    out.messages_per_second = received.length / seconds;
  } else {
    out.expected = MESSAGES * (nodesCount - 1);
    putQuantiles(out, 'latency_ms', received);
  }
  out.delivered = received.length;
  out.wire_bytes_per_delivery = (ours.wire + theirs.wire - before) / received.length;
  console.log(JSON.stringify(out));
  child.kill();
  process.exit(0);
}
