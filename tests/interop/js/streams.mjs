// SPDX-License-Identifier: Apache-2.0 OR MIT
// The protocols of the interoperability tests on js-libp2p streams: what the handlers do, and what the openers do.
import { createHash, randomFillSync } from 'node:crypto';

export const ECHO = '/ghmesh/echo/1.0.0';
const SINK = '/ghmesh/sink/1.0.0';
const GREET = '/ghmesh/greet/1.0.0';
const RESET = '/ghmesh/reset/1.0.0';
export const STREAM_LIMITS = { maxInboundStreams: 512, maxOutboundStreams: 512 };

const CHUNK_BYTES = 65536;

// Hands every piece to `take` and answers at the other side's half-close; throws if the other side resets.
// js-libp2p's own iterator waits forever for a half-close that came before it was made. And `end` may have been
// dispatched although bytes are still to come: those that multistream read too many of and put back.
export function readToEnd(stream, take) {
  return new Promise((resolve, reject) => {
    const isReset = () => stream.status === 'reset' || stream.status === 'aborted';  // `end` comes then too
    const finish = () => { stop(); if (isReset()) reject(new Error('the stream was reset')); else resolve(); };
    const isAtEnd = () => stream.readableEnded && stream.readBufferLength === 0;
    const onMessage = event => {
      take(event.data.subarray());
      if (isAtEnd()) finish();
    };
    const onClose = event => { stop(); if (event.error) reject(event.error); else resolve(); };
    const stop = () => {
      stream.removeEventListener('message', onMessage);
      stream.removeEventListener('end', finish);
      stream.removeEventListener('close', onClose);
    };
    stream.addEventListener('end', finish);
    stream.addEventListener('close', onClose);
    stream.addEventListener('message', onMessage);
    if (isReset() || isAtEnd()) finish();
  });
}

async function send(stream, bytes) {
  if (!stream.send(bytes)) await stream.onDrain();
}

function readCounted(stream) {
  const hash = createHash('sha256');
  const seen = { bytes: 0 };
  const done = readToEnd(stream, bytes => { seen.bytes += bytes.byteLength; hash.update(bytes); });
  return done.then(() => ({ how: 'closed', ...seen, sha256: hash.digest('hex') }),
    () => ({ how: 'reset', ...seen, sha256: hash.digest('hex') }));
}

// ---- Handlers ---------------------------------------------------------------------------------------------------

export async function handleEcho(stream) {
  try {
    await readToEnd(stream, bytes => {
      if (stream.send(bytes)) return;
      // While the other side does not read, neither do we.
      stream.pause();
      stream.onDrain().then(() => stream.resume()).catch(() => {});
    });
    await stream.close();
  } catch (error) {
    stream.abort(error);
  }
}

async function handleSink(stream) {
  const seen = await readCounted(stream);
  if (seen.how === 'closed') {
    const answer = Buffer.alloc(40);
    answer.writeBigUInt64BE(BigInt(seen.bytes));
    answer.write(seen.sha256, 8, 'hex');
    await send(stream, answer);
    await stream.close();
  }
  return seen;
}

async function handleGreet(stream) {
  const reading = readCounted(stream);
  await send(stream, Buffer.from('hello'));
  await stream.close();
  return reading;
}

async function handleReset(stream) {
  const hash = createHash('sha256');
  let count = 0;
  const how = await readToEnd(stream, bytes => {
    count += bytes.byteLength;
    hash.update(bytes);
    if (bytes[0] === 'h'.charCodeAt(0)) stream.abort(new Error('as the opener asked'));
    else stream.send(bytes);
  }).then(() => 'closed', () => 'reset');
  if (how === 'closed') await stream.close();
  return { how, bytes: count, sha256: hash.digest('hex') };
}

// `report` is told how a stream of sink, greet or reset ended.
export async function serve(node, report) {
  const options = { ...STREAM_LIMITS };
  await node.handle(ECHO, handleEcho, options);
  for (const [protocol, handler] of [[SINK, handleSink], [GREET, handleGreet], [RESET, handleReset]]) {
    await node.handle(protocol, async (stream, connection) => {
      try {
        report({ peer: connection.remotePeer.toString(), protocol, ...await handler(stream) });
      } catch (error) {
        stream.abort(error);
      }
    }, options);
  }
}

// ---- Openers ----------------------------------------------------------------------------------------------------

export async function open(connection, protocol) {
  return connection.newStream(protocol, { ...STREAM_LIMITS, signal: AbortSignal.timeout(15000) });
}

export async function echo(connection, { bytes, parallel = 1, protocol = ECHO }) {
  const streams = await Promise.all(Array.from({ length: parallel }, () => open(connection, protocol)));
  const echoed = streams.map(stream => {
    const pieces = [];
    return readToEnd(stream, piece => { pieces.push(Uint8Array.from(piece)); }).then(() => Buffer.concat(pieces));
  });
  for (const one of echoed) one.catch(() => {});  // looked at below, after all has been sent
  const sent = streams.map(() => randomFillSync(Buffer.alloc(bytes)));
  await Promise.all(streams.map((stream, index) => send(stream, sent[index])));
  await Promise.all(streams.map(stream => stream.close()));
  const back = await Promise.all(echoed);
  const exact = back.filter((received, index) => received.equals(sent[index])).length;
  if (exact !== parallel) throw new Error(`${parallel - exact} of ${parallel} streams came back otherwise`);
  return { streams: exact, bytes: exact * bytes };
}

export async function transfer(connection, { bytes }) {
  const started = performance.now();
  const stream = await open(connection, SINK);
  const answer = [];
  const answered = readToEnd(stream, piece => { answer.push(Uint8Array.from(piece)); });
  answered.catch(() => {});  // looked at below
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; at += CHUNK_BYTES) {
    const chunk = randomFillSync(Buffer.alloc(Math.min(CHUNK_BYTES, bytes - at)));
    hash.update(chunk);
    await send(stream, chunk);
  }
  await stream.close();
  await answered;
  const said = Buffer.concat(answer);
  const sha256 = hash.digest('hex');
  if (said.length !== 40) throw new Error(`the sink answered ${said.length} bytes`);
  const counted = Number(said.readBigUInt64BE());
  if (counted !== bytes || said.toString('hex', 8) !== sha256) throw new Error(`the sink counted ${counted} other bytes`);
  return { bytes: counted, sha256, milliseconds: Math.round(performance.now() - started) };
}

export async function greet(connection, { bytes }) {
  const stream = await open(connection, GREET);
  const pieces = [];
  await readToEnd(stream, piece => { pieces.push(Uint8Array.from(piece)); });
  // Their side is closed: ours still carries as much as we like.
  await send(stream, randomFillSync(Buffer.alloc(bytes)));
  await stream.close();
  return { greeting: Buffer.concat(pieces).toString(), bytes };
}

export async function reset(connection, { by = 'opener' }) {
  const stream = await open(connection, RESET);
  const answered = new Promise(resolve => stream.addEventListener('message', resolve, { once: true }));
  const ended = readToEnd(stream, () => {}).then(() => 'closed', () => 'reset');
  await send(stream, Buffer.from(by === 'opener' ? 'o' : 'h'));
  if (by === 'opener') {
    await answered;
    stream.abort(new Error('as the test asked'));
  }
  return { seen: await ended };
}
