// SPDX-License-Identifier: Apache-2.0 OR MIT
// For the tests of this room: two sessions and a wire, and a peer that plays its part by hand.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/test_wire.h"
#include "libp2p/noise/payload.h"
#include "libp2p/noise/session.h"

namespace ghmesh::noise {

inline keys::PrivateKey identity_of(unsigned char byte) {
  return keys::PrivateKey::of_seed(
      crypto::Secret(Bytes(crypto::kEd25519SeedBytes, std::byte{byte})));
}

inline HandshakeKeys keys_of(unsigned char byte) {
  const auto key = [](unsigned char value) {
    return crypto::X25519Key::from_private(
        crypto::Secret(Bytes(crypto::kX25519Bytes, std::byte{value})));
  };
  return {.static_key = key(byte), .ephemeral_key = key(static_cast<unsigned char>(byte + 1))};
}

inline const keys::PrivateKey kDialerIdentity = identity_of(1);
inline const keys::PrivateKey kListenerIdentity = identity_of(2);
inline const keys::PrivateKey kForger = identity_of(7);
inline const std::vector<std::string> kYamux = {"/yamux/1.0.0"};

struct Pair {
  explicit Pair(Options dialer_options = {}, Options listener_options = {})
      : dialer(Role::dialer, kDialerIdentity, std::move(dialer_options)),
        listener(Role::listener, kListenerIdentity, std::move(listener_options)) {}

  void carry(Session& from, Session& to, std::size_t bytes_max = SIZE_MAX) {
    if (error) return;
    auto carried = test::carry(from, to, bytes_max);
    if (!carried) error = carried.error();
  }
  void settle(std::size_t bytes_max = SIZE_MAX) {
    if (error) return;
    auto settled = test::settle(dialer, listener, bytes_max);
    if (!settled) error = settled.error();
  }
  bool is_established() const { return dialer.is_established() && listener.is_established(); }

  Session dialer, listener;
  Error error;  // of whoever failed first; nothing moves afterwards
};

inline std::string take_all(Session& session) {
  std::string text(as_text(session.readable()));
  session.consume(text.size());
  return text;
}

inline Bytes framed(ByteView message) {
  Bytes frame(kLengthBytes + message.size());
  store_big_endian(MutableByteView(frame), static_cast<std::uint16_t>(message.size()));
  std::ranges::copy(message, frame.begin() + kLengthBytes);
  return frame;
}

// A peer that plays the handshake by hand, with a payload of its choice.
struct Forger {
  explicit Forger(Role role) : handshake(role, keys_of(0x31), {}) {}

  // What `victim` says to `payload`, which gets the static key of this handshake.
  template <class MakePayload>
  Error attack(Session& victim, MakePayload&& make_payload) {
    const auto take = [&] {
      const Bytes output = copy_bytes(victim.pending_output());
      victim.output_sent(output.size());
      return copy_bytes(ByteView(output).subspan(kLengthBytes));
    };
    if (victim.pending_output().empty()) {
      EXPECT_TRUE(victim.receive(framed(*handshake.write_message({}))));
    }
    EXPECT_TRUE(handshake.read_message(take()));
    const Bytes payload = make_payload(handshake.static_key());
    auto received = victim.receive(framed(*handshake.write_message(payload)));
    EXPECT_EQ(victim.is_established(), received.has_value());
    return received ? Error() : received.error();
  }

  Handshake handshake;
};

// Both as a dialer and as a listener.
template <class MakePayload>
std::vector<Error> verdicts(MakePayload&& make_payload) {
  Session listener(Role::listener, kListenerIdentity, {.muxers = kYamux});
  Session dialer(Role::dialer, kDialerIdentity, {.muxers = kYamux});
  return {Forger(Role::dialer).attack(listener, make_payload),
          Forger(Role::listener).attack(dialer, make_payload)};
}

}  // namespace ghmesh::noise
