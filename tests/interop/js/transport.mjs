// SPDX-License-Identifier: Apache-2.0 OR MIT
// js-libp2p as a transport test app of the public matrix: one ping between a listener and a dialer that meet in redis.
// The contract is in ../README.md. TCP, Noise and yamux: what ghmesh has.
import { networkInterfaces } from 'node:os';
import { createClient } from '@redis/client';
import { createNode } from './node.mjs';

const { multiaddr } = await import('@multiformats/multiaddr');

function setting(name, otherwise) {
  const value = process.env[name] ?? otherwise;
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

// An address under which others reach us: 0.0.0.0 is none.
function advertised(address) {
  const ours = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === 'IPv4' && !internal);
  return address.replace('/ip4/0.0.0.0/', `/ip4/${ours?.address ?? '127.0.0.1'}/`);
}

async function listen(redis, key) {
  const node = await createNode({ listen: `/ip4/${setting('LISTENER_IP', '0.0.0.0')}/tcp/0` });
  const port = node.getMultiaddrs()[0].toString().match(/\/tcp\/(\d+)/)[1];
  const address = advertised(`/ip4/${setting('LISTENER_IP', '0.0.0.0')}/tcp/${port}/p2p/${node.peerId}`);
  // The document says "set", and the listeners of this suite push to a list: PUBLISH_AS chooses, for dialers to cope.
  await redis.del(key);
  if (setting('PUBLISH_AS', 'list') === 'list') await redis.rPush(key, address);
  else await redis.set(key, address);
  console.error(`listening on ${address}`);
  await new Promise(resolve => process.once('SIGTERM', resolve));
  await node.stop();
}

async function find(redis, key, timeoutSeconds) {
  const deadline = performance.now() + timeoutSeconds * 1000;
  while (performance.now() < deadline) {
    try {
      const found = await redis.blPop(key, 0.2);
      if (found !== null) return found.element;
    } catch (error) {
      if (!error.message.startsWith('WRONGTYPE')) throw error;
      return redis.get(key);
    }
  }
  throw new Error(`nobody published ${key}`);
}

async function dial(redis, key, timeoutSeconds) {
  const address = await find(redis, key, timeoutSeconds);
  const node = await createNode({});
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  const started = performance.now();
  const connection = await node.dial(multiaddr(address), { signal });
  const dialed = performance.now();
  await node.services.ping.ping(connection.remotePeer, { signal });
  const pinged = performance.now();
  console.log('latency:');
  console.log(`  handshake_plus_one_rtt: ${(pinged - started).toFixed(3)}`);
  console.log(`  ping_rtt: ${(pinged - dialed).toFixed(3)}`);
  console.log('  unit: ms');
  await node.stop();
}

for (const [name, known] of [['TRANSPORT', 'tcp'], ['SECURE_CHANNEL', 'noise'], ['MUXER', 'yamux']]) {
  if (setting(name) !== known) throw new Error(`${name}=${setting(name)}: only ${known} here`);
}
const timeoutSeconds = Number(setting('TEST_TIMEOUT_SECS', '60'));
const redis = createClient({ url: `redis://${setting('REDIS_ADDR')}`, socket: { reconnectStrategy: false } });
redis.on('error', error => console.error(`redis: ${error.message}`));
await redis.connect();
const key = `${setting('TEST_KEY')}_listener_multiaddr`;
if (setting('IS_DIALER') === 'true') await dial(redis, key, timeoutSeconds);
else await listen(redis, key);
redis.destroy();
