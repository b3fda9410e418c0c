// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/noise/transport.h"

#include <gtest/gtest.h>

namespace ghmesh::noise {
namespace {

TransportKeys same_keys() {
  return {.send = crypto::Secret(Bytes(32, std::byte{1})),
          .receive = crypto::Secret(Bytes(32, std::byte{1}))};
}

Bytes message_of(Transport& transport, std::string_view text) {
  ByteQueue frame;
  EXPECT_TRUE(transport.write(as_bytes(text), frame));
  return copy_bytes(frame.bytes().subspan(kLengthBytes));
}

TEST(NoiseTransportAttacks, Rustsec2024_0011_AFailureMovesNoCounter) {
  Transport from(same_keys()), to(same_keys());
  const Bytes message = message_of(from, "text");
  ByteQueue out;
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(to.read(Bytes(40, std::byte{7}), out).error(), Errc::noise_rejected);
  EXPECT_EQ(to.read(Bytes(15), out).error(), Errc::noise_malformed);
  EXPECT_TRUE(out.is_empty());
  ASSERT_TRUE(to.read(message, out));
  EXPECT_EQ(as_text(out.bytes()), "text");
}

TEST(NoiseTransportAttacks, Ghsa_g9mp_8g3h_3c5c_CountersEndAndDoNotWrap) {
  Transport from(same_keys(), crypto::kCounterEnd - 1), to(same_keys(), crypto::kCounterEnd - 1);
  Transport first(same_keys());
  const Bytes first_message = message_of(first, "the first message of the session");
  ByteQueue out;
  ASSERT_TRUE(to.read(message_of(from, "last"), out));
  ByteQueue frame;
  EXPECT_EQ(from.write(as_bytes("more"), frame).error(), Errc::noise_exhausted);
  EXPECT_TRUE(frame.is_empty());
  EXPECT_EQ(to.read(first_message, out).error(), Errc::noise_exhausted);
  EXPECT_EQ(as_text(out.bytes()), "last");
}

TEST(NoiseTransportAttacks, RepeatedAndReorderedMessagesAreRejected) {
  Transport from(same_keys()), to(same_keys());
  const Bytes first = message_of(from, "first");
  const Bytes second = message_of(from, "second");
  ByteQueue out;
  EXPECT_EQ(to.read(second, out).error(), Errc::noise_rejected);
  ASSERT_TRUE(to.read(first, out));
  EXPECT_EQ(to.read(first, out).error(), Errc::noise_rejected);
  ASSERT_TRUE(to.read(second, out));
  EXPECT_EQ(as_text(out.bytes()), "firstsecond");
}

}  // namespace
}  // namespace ghmesh::noise
