// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the libraries of js make of bytes and texts: the same lines as multiformats.cc, which describes them.
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromMultihash, peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { CID, varint } from 'multiformats'
import { base16 } from 'multiformats/bases/base16'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { base64url } from 'multiformats/bases/base64'
import * as Digest from 'multiformats/hashes/digest'
import readline from 'node:readline'

const BASES = { f: base16, b: base32, z: base58btc, u: base64url }
const ALL_BASES = base16.decoder.or(base32.decoder).or(base58btc.decoder).or(base64url.decoder)

const hex = (bytes) => bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex')
const hexOfText = (text) => hex(Buffer.from(text, 'utf8'))
// Anew from its bytes: a CID that was read from a text remembers how that was written.
const ofCid = (cid) => [cid.version, cid.code, hex(cid.bytes), hexOfText(CID.decode(cid.bytes).toString())]
const ofAddress = (address) => [hex(address.bytes), hexOfText(address.toString())]
const ofId = (id) => [hex(id.toMultihash().bytes), hexOfText(id.toString())]

const OPERATIONS = {
  varint: (bytes) => {
    const [value] = varint.decode(bytes)
    if (!Number.isSafeInteger(value)) throw new Error('beyond the integers of js')
    return [value, hex(varint.encodeTo(value, new Uint8Array(varint.encodingLength(value))))]
  },
  base: (bytes, text) => {
    const base = BASES[text[0]]
    if (base === undefined) throw new Error('unsupported')
    return [hex(base.decode(text))]
  },
  to_base: (bytes, text, prefix) => [hexOfText(BASES[prefix].encode(bytes))],
  multihash: (bytes) => {
    const digest = Digest.decode(bytes)
    return [digest.code, hex(digest.digest)]
  },
  cid: (bytes) => ofCid(CID.decode(bytes)),
  cid_text: (bytes, text) => ofCid(CID.parse(text, ALL_BASES)),
  address: (bytes) => ofAddress(multiaddr(bytes)),
  address_text: (bytes, text) => ofAddress(multiaddr(text)),
  id: (bytes) => ofId(peerIdFromMultihash(Digest.decode(bytes))),
  id_text: (bytes, text) => ofId(peerIdFromString(text, ALL_BASES)),
  id_of_key: (bytes) => {
    const key = publicKeyFromProtobuf(bytes)
    if (hex(publicKeyToProtobuf(key)) !== hex(bytes)) throw new Error('another spelling')
    return ofId(peerIdFromPublicKey(key))
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [operation, digits, prefix] = line.split(' ')
  const bytes = new Uint8Array(digits === '-' ? [] : Buffer.from(digits, 'hex'))
  try {
    const values = OPERATIONS[operation](bytes, Buffer.from(bytes).toString('utf8'), prefix)
    process.stdout.write(`ok ${values.join(' ')}\n`)
  } catch (error) {
    process.stdout.write(`error ${error.name}\n`)
  }
}
