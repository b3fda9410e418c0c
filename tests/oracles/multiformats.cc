// SPDX-License-Identifier: Apache-2.0 OR MIT
// What ghmesh makes of bytes and texts, a line for a line: test_multiformats.py asks it and the oracles the same.
//
//   -> OPERATION HEX [PREFIX]      HEX: the bytes, or the text's bytes; "-" for none
//   <- ok VALUE...                 numbers in decimal, bytes in hex, texts as their bytes in hex
//   <- error NAME
#include <iostream>
#include <string>

#include "base/text.h"
#include "libp2p/keys/public_key.h"
#include "multiformats/cid.h"
#include "multiformats/multiaddr.h"
#include "multiformats/multibase.h"
#include "multiformats/multihash.h"
#include "multiformats/peer_id.h"
#include "multiformats/varint.h"

namespace ghmesh::multiformats {
namespace {

std::string say(ByteView bytes) { return bytes.empty() ? "-" : hex(bytes); }
std::string say(std::string_view text) { return say(as_bytes(text)); }
std::string say(Error error) { return std::string("error ") + error_name(error); }

std::string say(const Result<Multihash>& hash) {
  if (!hash) return say(hash.error());
  return "ok " + std::to_string(hash->code) + " " + say(hash->digest);
}
std::string say(const Result<Cid>& cid) {
  if (!cid) return say(cid.error());
  return "ok " + std::to_string(cid->version) + " " + std::to_string(cid->codec) + " " +
         say(write_cid(*cid)) + " " + say(write_cid_text(*cid));
}
std::string say(const Result<Multiaddr>& address) {
  if (!address) return say(address.error());
  return "ok " + say(address->bytes()) + " " + say(address->text());
}
std::string say(const Result<PeerId>& id) {
  if (!id) return say(id.error());
  return "ok " + say(id->bytes()) + " " + say(id->text());
}

std::string say_varint(ByteView bytes) {
  auto varint = parse_varint(bytes);
  if (!varint) return say(varint.error());
  if (!*varint) return say(make_error_code(Errc::truncated));
  Bytes written;
  append_varint(written, (*varint)->value);
  return "ok " + std::to_string((*varint)->value) + " " + say(written);
}

std::string answer(std::string_view operation, ByteView bytes, std::string_view prefix) {
  const std::string_view text = as_text(bytes);
  if (operation == "varint") return say_varint(bytes);
  if (operation == "base") {
    auto decoded = parse_multibase(text);
    return decoded ? "ok " + say(*decoded) : say(decoded.error());
  }
  if (operation == "to_base")
    return "ok " + say(write_multibase(static_cast<Base>(prefix.front()), bytes));
  if (operation == "multihash") return say(parse_multihash(bytes));
  if (operation == "cid") return say(parse_cid(bytes));
  if (operation == "cid_text") return say(parse_cid_text(text));
  if (operation == "address") return say(Multiaddr::parse(bytes));
  if (operation == "address_text") return say(Multiaddr::parse_text(text));
  if (operation == "id") return say(PeerId::parse(bytes));
  if (operation == "id_text") return say(PeerId::parse_text(text));
  if (operation == "id_of_key") {
    auto key = keys::PublicKey::parse(bytes);
    return key ? say(Result<PeerId>(key->peer_id())) : say(key.error());
  }
  return "error no_such_operation";
}

}  // namespace
}  // namespace ghmesh::multiformats

int main() {
  using namespace ghmesh;
  for (std::string line; std::getline(std::cin, line);) {
    std::string_view rest = line;
    const std::string_view operation = take_until(rest, ' ');
    const std::string_view digits = take_until(rest, ' ');
    const auto bytes = parse_hex(digits == "-" ? "" : digits);
    std::cout << (bytes ? multiformats::answer(operation, *bytes, rest) : "error no_hex") << '\n';
  }
}
