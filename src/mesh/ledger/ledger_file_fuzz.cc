// SPDX-License-Identifier: Apache-2.0 OR MIT
// A ledger's file, as a disk or somebody who can write to it may leave it: refused, or loaded, and then written as it
// is held. The checksum is put right, so that what is behind it is reached.
#include <cstdint>

#include "base/check.h"
#include "mesh/ledger/test_ledger.h"

using namespace ghmesh;
using namespace ghmesh::mesh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  const LedgerOptions options{.bytes_max = 64 * 1024, .authors_max = 8, .marks_max = 8};
  Ledger as_it_is(kSelf, options);
  static_cast<void>(as_it_is.load(input, at(0)));

  Bytes file = copy_bytes(as_bytes("ghmesh ledger 1\n"));
  append(file, input);
  const crypto::Digest digest = crypto::sha256(file);
  append(file, ByteView(digest).first(16));
  Ledger ledger(kSelf, options);
  const auto loaded = ledger.load(file, at(0));
  if (!loaded) {
    GHMESH_CHECK(loaded.error() == Errc::store_corrupt);
    GHMESH_CHECK(ledger.authors(at(0)).empty());
    return 0;
  }
  GHMESH_CHECK(ledger.authors(at(0)).size() <= options.authors_max);
  Members members;
  static_cast<void>(members.say(ledger, 1, fetched(subject(1), 0, "one"), 0));
  static_cast<void>(members.say(ledger, 2, fetched(subject(1), 1, "two"), 1));
  const Bytes saved = ledger.save(Ledger::Closing::yes, at(1));
  Ledger again(kSelf, options);
  GHMESH_CHECK(again.load(saved, at(1)).has_value());
  GHMESH_CHECK(again.save(Ledger::Closing::yes, at(1)) == saved);
  return 0;
}
