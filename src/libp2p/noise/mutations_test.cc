// SPDX-License-Identifier: Apache-2.0 OR MIT
// A hundred handshakes that differ from an honest one in one thing each, by name: what somebody between the two changes
// in a message, and what a peer that plays by hand says of itself. None is accepted, by either side.
#include <algorithm>

#include "libp2p/noise/test_session.h"

namespace ghmesh::noise {
namespace {

// --- changed on the way ---

constexpr std::byte operator""_byte(unsigned long long value) { return std::byte(value); }

struct WireMutation {
  const char* name;
  void (*change)(Bytes& frame);  // the message with its length
};

constexpr WireMutation kWireMutations[] = {
    {"LengthOfAnotherBlock", [](Bytes& frame) { frame[0] ^= 0x04_byte; }},
    {"LengthSlightlyOther", [](Bytes& frame) { frame[1] ^= 0x04_byte; }},
    {"FirstByteOfTheKey", [](Bytes& frame) { frame[2] ^= 0x04_byte; }},
    {"MiddleOfTheKey", [](Bytes& frame) { frame[15] ^= 0x04_byte; }},
    {"LastByteOfTheKey", [](Bytes& frame) { frame[33] ^= 0x04_byte; }},
    {"FirstByteOfTheTag", [](Bytes& frame) { frame[frame.size() - 16] ^= 0x80_byte; }},
    {"MiddleOfTheTag", [](Bytes& frame) { frame[frame.size() - 8] ^= 0x80_byte; }},
    {"LastByteOfTheTag", [](Bytes& frame) { frame.back() ^= 0x80_byte; }},
    {"NothingArrives", [](Bytes& frame) { frame.clear(); }},
    {"TheLastByteIsMissing", [](Bytes& frame) { frame.pop_back(); }},
    {"AllZeros", [](Bytes& frame) { frame = framed(Bytes(frame.size() - 2)); }},
    {"SaidTwice", [](Bytes& frame) { append(frame, Bytes(frame)); }},
    {"OneByteShorter",
     [](Bytes& frame) { frame = framed(ByteView(frame).subspan(2, frame.size() - 3)); }},
    {"OneByteLonger",
     [](Bytes& frame) {
       frame.push_back(0_byte);
       frame = framed(ByteView(frame).subspan(2));
     }},
    {"EmptyMessage", [](Bytes& frame) { frame = framed({}); }},
    {"Backwards", [](Bytes& frame) { std::reverse(frame.begin() + 2, frame.end()); }},
};

// Runs a handshake in which `change` may alter message `index` on its way. Nobody is fooled: the reader of the changed
// message, or of the one after it, does not establish.
template <class Change>
bool is_accepted(int index, Change&& change) {
  Pair pair({.expected_peer = kListenerIdentity.peer_id(), .muxers = kYamux}, {.muxers = kYamux});
  for (int i = 0; i < 3; ++i) {
    Session& from = i == 1 ? pair.listener : pair.dialer;
    Session& to = i == 1 ? pair.dialer : pair.listener;
    Bytes message = copy_bytes(from.pending_output());
    from.output_sent(message.size());
    if (i == index) change(message);
    if (!message.empty() && !to.receive(message)) return false;
  }
  return pair.is_established();
}

class NoiseWireMutations : public ::testing::TestWithParam<std::tuple<int, WireMutation>> {};

TEST_P(NoiseWireMutations, IsNotAccepted) {
  const auto& [index, mutation] = GetParam();
  EXPECT_FALSE(is_accepted(index, mutation.change));
}

std::string wire_name(const ::testing::TestParamInfo<std::tuple<int, WireMutation>>& info) {
  const auto& [index, mutation] = info.param;
  return "Message" + std::to_string(index + 1) + mutation.name;
}
INSTANTIATE_TEST_SUITE_P(EachMessage, NoiseWireMutations,
                         ::testing::Combine(::testing::Range(0, 3),
                                            ::testing::ValuesIn(kWireMutations)),
                         wire_name);

TEST(NoiseMutations, WithoutOneTheHandshakeIsAccepted) {
  EXPECT_TRUE(is_accepted(0, [](Bytes&) {}));
}

TEST(NoiseMutations, AHandshakeCutAtAnyByteIsNotAccepted) {
  for (int index = 0; index < 3; ++index) {
    std::size_t size = 0;
    ASSERT_TRUE(is_accepted(index, [&](Bytes& frame) { size = frame.size(); }));
    for (std::size_t kept = 0; kept < size; ++kept)
      EXPECT_FALSE(is_accepted(index, [&](Bytes& frame) { frame.resize(kept); }))
          << index << " " << kept;
  }
}

// --- said by the peer itself ---

using StaticKey = crypto::X25519PublicKey;

// Of the forger, with what `change` does to it.
template <class Change>
Bytes changed(const StaticKey& key, Change&& change) {
  Payload payload = make_payload(kForger, key, kYamux);
  change(payload);
  return write_payload(payload);
}

Bytes signed_text(std::string_view prefix, ByteView key) {
  Bytes text = copy_bytes(as_bytes(prefix));
  append(text, key);
  return copy_bytes(kForger.sign(text));
}

Bytes with_signature(const StaticKey& key, const Bytes& signature) {
  return changed(key, [&](Payload& payload) { payload.identity_signature = signature; });
}

// The key as a protocol buffer of `fields` in hex, signed rightly where that is possible.
Bytes with_identity(const StaticKey& key, const std::string& fields) {
  return changed(key, [&](Payload& payload) { payload.identity_key = *parse_hex(fields); });
}

std::string key_digits() { return hex(kForger.public_key().data()); }

// S + L in the place of S: the same signature for a verifier that does not reduce (RFC 8032, 5.1.7).
Bytes with_larger_scalar(Bytes signature) {
  const Bytes order =
      *parse_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += std::to_integer<unsigned>(signature[32 + i]) + std::to_integer<unsigned>(order[i]);
    signature[32 + i] = static_cast<std::byte>(carry & 0xff);
    carry >>= 8;
  }
  return signature;
}

constexpr std::string_view kPrefix = "noise-libp2p-static-key:";

struct PayloadMutation {
  const char* name;
  Bytes (*make)(const StaticKey& key);
};

const PayloadMutation kPayloadMutations[] = {
    {"Nothing", [](const StaticKey&) { return Bytes(); }},
    {"NoProtobuf", [](const StaticKey&) { return Bytes(100, 0xff_byte); }},
    {"NoIdentity",
     [](const StaticKey& key) { return changed(key, [](Payload& p) { p.identity_key.clear(); }); }},
    {"NoSignature", [](const StaticKey& key) { return with_signature(key, {}); }},
    {"SignatureOfZeros", [](const StaticKey& key) { return with_signature(key, Bytes(64)); }},
    {"SignatureWithoutPrefix",
     [](const StaticKey& key) { return with_signature(key, signed_text("", key)); }},
    {"SignatureForTls",
     [](const StaticKey& key) {
       return with_signature(key, signed_text("libp2p-tls-handshake:", key));
     }},
    {"SignatureOfAnotherStaticKey",
     [](const StaticKey& key) {
       return with_signature(key, signed_text(kPrefix, keys_of(0x51).static_key.public_key()));
     }},
    {"SignatureOfTheEphemeralKey",
     [](const StaticKey& key) {
       return with_signature(key, signed_text(kPrefix, keys_of(0x31).ephemeral_key.public_key()));
     }},
    {"SignatureOfAHalfOfTheKey",
     [](const StaticKey& key) {
       return with_signature(key, signed_text(kPrefix, ByteView(key).first(16)));
     }},
    {"SignatureBySomebodyElse",
     [](const StaticKey& key) {
       return changed(key, [&](Payload& payload) {
         payload.identity_signature = make_payload(identity_of(8), key, {}).identity_signature;
       });
     }},
    {"SignatureCut",
     [](const StaticKey& key) {
       return changed(key, [](Payload& payload) { payload.identity_signature.pop_back(); });
     }},
    {"SignatureWithAByteMore",
     [](const StaticKey& key) {
       return changed(key, [](Payload& payload) { payload.identity_signature.push_back(0_byte); });
     }},
    {"SignatureWithALargerScalar",
     [](const StaticKey& key) {
       return changed(key, [](Payload& payload) {
         payload.identity_signature = with_larger_scalar(payload.identity_signature);
       });
     }},
    {"IdentityOfSomebodyElse",
     [](const StaticKey& key) {
       return changed(key, [](Payload& payload) {
         payload.identity_key = copy_bytes(identity_of(8).public_key().serialized());
       });
     }},
    {"IdentityOfTheDialer",
     [](const StaticKey& key) {
       return changed(key, [](Payload& payload) {
         payload.identity_key = copy_bytes(kDialerIdentity.public_key().serialized());
       });
     }},
    {"IdentityOfTheListener",
     [](const StaticKey& key) {
       return changed(key, [](Payload& payload) {
         payload.identity_key = copy_bytes(kListenerIdentity.public_key().serialized());
       });
     }},
    {"IdentityTwice",
     [](const StaticKey& key) {
       Bytes twice = changed(key, [](Payload&) {});
       append(twice, changed(key, [](Payload&) {}));
       return twice;
     }},
    {"KeyCut",
     [](const StaticKey& key) { return with_identity(key, "0801121f" + key_digits().substr(2)); }},
    {"KeyWithAFieldMore",
     [](const StaticKey& key) { return with_identity(key, "08011220" + key_digits() + "1801"); }},
    {"KeyInTheOtherOrder",
     [](const StaticKey& key) { return with_identity(key, "1220" + key_digits() + "0801"); }},
    {"KeyWithALongerVarint",
     [](const StaticKey& key) { return with_identity(key, "0881001220" + key_digits()); }},
    {"KeyOfAnUnknownType",
     [](const StaticKey& key) { return with_identity(key, "08041220" + key_digits()); }},
    {"KeyCalledRsa",
     [](const StaticKey& key) { return with_identity(key, "08001220" + key_digits()); }},
    {"KeyCalledEcdsa",
     [](const StaticKey& key) { return with_identity(key, "08031220" + key_digits()); }},
    {"KeyOfSmallOrder",
     [](const StaticKey& key) {
       return changed(key, [](Payload& payload) {
         payload.identity_key = *parse_hex("08011220" + std::string(64, '0'));
         payload.identity_signature = Bytes(64);
       });
     }},
};

class NoisePayloadMutations : public ::testing::TestWithParam<PayloadMutation> {};

TEST_P(NoisePayloadMutations, IsNotAccepted) {
  for (const Error& error : verdicts(GetParam().make))
    EXPECT_TRUE(error == Errc::noise_identity || error == Errc::noise_malformed) << error.message();
}

std::string payload_name(const ::testing::TestParamInfo<PayloadMutation>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(BothSides, NoisePayloadMutations, ::testing::ValuesIn(kPayloadMutations),
                         payload_name);

}  // namespace
}  // namespace ghmesh::noise
