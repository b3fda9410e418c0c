// SPDX-License-Identifier: Apache-2.0 OR MIT
// A js-libp2p node that announces itself on the local network and prints whom it finds, one JSON object a line; the
// counterpart of ghmesh-mdns-peer. usage: node mdns.mjs LISTEN [SERVICE]. It ends with its standard input.
import './node.mjs'; // adds what Node 18 and 20 lack, so it comes before any of libp2p's modules

const { createLibp2p } = await import('libp2p');
const { mdns } = await import('@libp2p/mdns');
const { tcp } = await import('@libp2p/tcp');

const [listen, serviceTag] = process.argv.slice(2);
const print = line => process.stdout.write(JSON.stringify(line) + '\n');

const node = await createLibp2p({
  addresses: { listen: [listen] },
  transports: [tcp()],
  peerDiscovery: [mdns({ interval: 1000, serviceTag })],
  start: false,
});
node.addEventListener('peer:discovery', ({ detail }) => {
  print({ event: 'found', peer: detail.id.toString(), addresses: detail.multiaddrs.map(String) });
});
await node.start();
print({ event: 'started', peer: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) });

process.stdin.resume();
process.stdin.on('end', async () => {
  await node.stop();
  process.exit(0);
});
