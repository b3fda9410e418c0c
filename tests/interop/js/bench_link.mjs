// SPDX-License-Identifier: Apache-2.0 OR MIT
// One connection of js-libp2p, in the steps of bench/p2p/link.cc. Prints one JSON object.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isChild, makeNode, multiaddr, now, pin, putQuantiles, quantile, sleep, startChild } from './bench_node.mjs';

const MESSAGE = new Uint8Array(1024).fill(7);
const TRANSFER_BYTES = 64 * 2 ** 20;
const milliseconds = () => Number(now()) / 1e6;
const drained = stream => new Promise(resolve => {
  stream.addEventListener('drain', resolve, { once: true });
  stream.addEventListener('close', resolve, { once: true });
});

async function serve() {
  const node = await makeNode(false);
  const many = { maxInboundStreams: 10_000 };
  await node.handle('/bench/echo/1.0.0', async stream => {
    for await (const bytes of stream) if (!stream.send(bytes)) await drained(stream);
    await stream.close().catch(() => {});
  }, many);
  await node.handle('/bench/sink/1.0.0', async stream => {
    let received = 0;
    for await (const bytes of stream) {
      received += bytes.byteLength;
      if (received >= TRANSFER_BYTES) break;
    }
    stream.send(new Uint8Array([1]));
  }, many);
  process.on('disconnect', () => process.exit(0));
  process.send(node.getMultiaddrs()[0].toString());
}

const anonymousBytes = pid => 1024 * Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

function roundTrip(stream) {
  return new Promise(resolve => {
    let received = 0;
    const take = event => {
      received += event.data.byteLength;
      if (received < MESSAGE.byteLength) return;
      stream.removeEventListener('message', take);
      resolve();
    };
    stream.addEventListener('message', take);
    stream.send(MESSAGE);
  });
}

async function measureDials(node, address, out, count) {
  const dials = [], identifies = [];
  for (let i = 0; i < count; ++i) {
    const identified = new Promise(resolve => node.addEventListener('peer:identify', resolve, { once: true }));
    const begun = milliseconds();
    const connection = await node.dial(address);
    dials.push(milliseconds() - begun);
    await Promise.race([identified, sleep(3000)]);
    identifies.push(milliseconds() - begun);
    await sleep(4);
    await connection.close();
    await sleep(4);
  }
  // The first ones warm the compiler up.
  putQuantiles(out, 'dial_ms', dials.slice(30));
  putQuantiles(out, 'dial_identify_ms', identifies.slice(30));
}

async function measureStreams(connection, out) {
  const opened = [], roundTrips = [];
  for (let i = 0; i < 600; ++i) {
    const begun = milliseconds();
    const stream = await connection.newStream('/bench/echo/1.0.0');
    await roundTrip(stream);
    opened.push(milliseconds() - begun);
    await stream.close();
  }
  const stream = await connection.newStream('/bench/echo/1.0.0');
  for (let i = 0; i < 4000; ++i) {
    const begun = milliseconds();
    await roundTrip(stream);
    roundTrips.push(milliseconds() - begun);
  }
  await stream.close();
  putQuantiles(out, 'stream_open_echo_ms', opened.slice(150));
  putQuantiles(out, 'round_trip_ms', roundTrips.slice(1000));
}

async function measureThroughput(connection, out) {
  const rates = [], piece = new Uint8Array(65536);
  for (let i = 0; i < 4; ++i) {
    const stream = await connection.newStream('/bench/sink/1.0.0');
    const done = new Promise(resolve => stream.addEventListener('message', resolve, { once: true }));
    const begun = milliseconds();
    for (let sent = 0; sent < TRANSFER_BYTES; sent += piece.byteLength) if (!stream.send(piece)) await drained(stream);
    await done;
    rates.push(TRANSFER_BYTES / 1e3 / (milliseconds() - begun));
    await stream.close().catch(() => {});
  }
  out.stream_MBps = quantile(rates.slice(1), 0.5);
}

async function measureIdle(address, pid, out) {
  const count = 50;
  const first = await makeNode(false);
  await first.dial(address);
  await sleep(500);
  const before = anonymousBytes(pid);
  for (let i = 0; i < count; ++i) await (await makeNode(false)).dial(address);
  await sleep(1000);
  out.idle_connection_bytes = (anonymousBytes(pid) - before) / count;
}

pin();
if (isChild) {
  await serve();
} else {
  const child = startChild(fileURLToPath(import.meta.url));
  const address = multiaddr(await new Promise(resolve => child.once('message', resolve)));
  const node = await makeNode(false);
  const out = {};
  await measureDials(node, address, out, 130);
  const connection = await node.dial(address);
  await sleep(200);
  await measureStreams(connection, out);
  await measureThroughput(connection, out);
  await measureIdle(address, child.pid, out);
  console.log(JSON.stringify(out));
  child.kill();
  process.exit(0);
}
