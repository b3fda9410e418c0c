// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/counter_cipher.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::crypto {
namespace {

Secret key_of(unsigned char byte) { return Secret(Bytes(kCounterKeyBytes, std::byte{byte})); }

Result<Bytes> seal(CounterSealer& sealer, ByteView context, std::string_view text) {
  Bytes out(text.size() + kCounterTagBytes);
  auto sealed = sealer.seal(context, as_bytes(text), out);
  if (!sealed) return sealed.error();
  return out;
}

Result<std::string> open(CounterOpener& opener, ByteView context, ByteView sealed) {
  Bytes out(sealed.size() < kCounterTagBytes ? 0 : sealed.size() - kCounterTagBytes);
  auto opened = opener.open(context, sealed, out);
  if (!opened) {
    EXPECT_EQ(out, Bytes(out.size()));  // nothing of it is to be seen
    return opened.error();
  }
  return std::string(as_text(out));
}

// RFC 8439, A.5. Its nonce is 4 zero bytes and 01 to 08: our counter in little endian.
TEST(CounterCipher, MatchesRfc8439) {
  const Secret key(*parse_hex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"));
  const Bytes context = *parse_hex("f33388860000000000004e91");
  const Bytes plaintext = *parse_hex(
      "496e7465726e65742d4472616674732061726520647261667420646f63756d656e74732076616c69"
      "6420666f722061206d6178696d756d206f6620736978206d6f6e74687320616e64206d6179206265"
      "20757064617465642c207265706c616365642c206f72206f62736f6c65746564206279206f746865"
      "7220646f63756d656e747320617420616e792074696d652e20497420697320696e617070726f7072"
      "6961746520746f2075736520496e7465726e65742d447261667473206173207265666572656e6365"
      "206d6174657269616c206f7220746f2063697465207468656d206f74686572207468616e20617320"
      "2fe2809c776f726b20696e2070726f67726573732e2fe2809d");
  const std::string_view expected =
      "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43ee"
      "a09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b9481"
      "14ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0"
      "f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
      "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a0bb2316053fa7699"
      "1955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130"
      "305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f"
      "38";
  const std::uint64_t counter = 0x0807060504030201;
  CounterSealer sealer(key, counter);
  EXPECT_EQ(hex(*seal(sealer, context, as_text(plaintext))), expected);
  CounterOpener opener(key, counter);
  EXPECT_EQ(as_bytes(*open(opener, context, *parse_hex(expected))).size(), plaintext.size());
}

TEST(CounterCipher, OpensEveryMessageInOrder) {
  CounterSealer sealer(key_of(1));
  CounterOpener opener(key_of(1));
  for (std::string_view text : {"", "one", "two", "one"})
    EXPECT_EQ(*open(opener, as_bytes("context"), *seal(sealer, as_bytes("context"), text)), text);
  EXPECT_EQ(sealer.counter(), 4u);
  EXPECT_EQ(opener.counter(), 4u);
}

TEST(CounterCipher, SealsTheSameTextDifferentlyEachTime) {
  CounterSealer sealer(key_of(1));
  EXPECT_NE(*seal(sealer, {}, "text"), *seal(sealer, {}, "text"));
}

TEST(CounterCipher, RefusesWhatIsForgedRepeatedOrOutOfOrder) {
  CounterSealer sealer(key_of(1));
  CounterOpener opener(key_of(1));
  const Bytes first = *seal(sealer, {}, "first");
  const Bytes second = *seal(sealer, {}, "second");
  EXPECT_EQ(open(opener, {}, second).error(), Errc::seal_rejected);
  EXPECT_EQ(open(opener, as_bytes("context"), first).error(), Errc::seal_rejected);
  for (std::size_t i = 0; i < first.size(); ++i) {
    Bytes forged = first;
    forged[i] ^= std::byte{0x40};
    EXPECT_EQ(open(opener, {}, forged).error(), Errc::seal_rejected) << i;
    EXPECT_EQ(open(opener, {}, ByteView(first).first(i)).error(), Errc::seal_rejected) << i;
  }
  EXPECT_EQ(*open(opener, {}, first), "first");
  EXPECT_EQ(open(opener, {}, first).error(), Errc::seal_rejected);
  EXPECT_EQ(*open(opener, {}, second), "second");
  CounterOpener stranger(key_of(2));
  EXPECT_EQ(open(stranger, {}, first).error(), Errc::seal_rejected);
}

TEST(CounterCipher, AFailureDoesNotMoveTheCounter) {
  CounterSealer sealer(key_of(1));
  CounterOpener opener(key_of(1));
  const Bytes sealed = *seal(sealer, {}, "text");
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(open(opener, {}, Bytes(20)));
  EXPECT_EQ(opener.counter(), 0u);
  EXPECT_EQ(*open(opener, {}, sealed), "text");
}

TEST(CounterCipher, EndsBeforeItsLastCounterInsteadOfWrapping) {
  CounterSealer sealer(key_of(1), kCounterEnd - 1);
  CounterOpener opener(key_of(1), kCounterEnd - 1);
  const Bytes last = *seal(sealer, {}, "last");
  EXPECT_EQ(*open(opener, {}, last), "last");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(seal(sealer, {}, "more").error(), Errc::limit_reached);
    EXPECT_EQ(open(opener, {}, last).error(), Errc::limit_reached);
  }
}

}  // namespace
}  // namespace ghmesh::crypto
