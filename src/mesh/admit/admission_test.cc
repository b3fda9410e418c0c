// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/admit/admission.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "libp2p/stream/wire.h"

namespace ghmesh::mesh {
namespace {

using multiformats::PeerId;
using Side = Admission::Side;
using Under = Admission::Under;

constexpr Instant kStart = Instant(1h);
constexpr WallTime kToday = wall_time(1'770'000'000);

PeerId peer(int number) {
  Bytes key(36, static_cast<std::byte>(number));
  key[0] = std::byte{8}, key[1] = std::byte{1}, key[2] = std::byte{18}, key[3] = std::byte{32};
  return PeerId::of_public_key(key);
}

template <class Id>
Id filled(int value) {
  Id id{};
  id.fill(static_cast<std::byte>(value));
  return id;
}

SwarmSecret secret(int number) {
  static constexpr std::array<std::string_view, 3> kTokens{
      "ghp_Zk3v9QxT7bLm2RwYp8NcHs4JdKf6VgAu1Xe", "ghp_q8WnB2tRz5LkXv7JmPc4HdYs9FgTe3KaUx6N",
      "ghp_H4sVy7Kd2QnZ8xLbTw5RpJm9CfGu3EaXk6Yt"};
  return *SwarmSecret::from_token(crypto::Secret(kTokens.at(static_cast<std::size_t>(number))));
}

struct Node {
  Keyring keys;
  PeerId id;
};
Node node(int id, int newest) { return {.keys = Keyring(secret(newest), kToday), .id = peer(id)}; }
Node rotated_node(int id, int newest, int previous) {
  Node made = node(id, previous);
  made.keys.rotate(secret(newest), kToday);
  return made;
}

struct Seen {
  crypto::Digest hash = filled<crypto::Digest>(7);
  PeerId peer;
};
Admission dialer(const Node& self, const Seen& seen, int nonce = 1) {
  return {{.side = Side::dialer, .handshake_hash = seen.hash, .self = self.id, .peer = seen.peer},
          self.keys,
          filled<AdmissionNonce>(nonce),
          kStart};
}
Admission listener(const Node& self, const Seen& seen, int nonce = 2) {
  return {{.side = Side::listener, .handshake_hash = seen.hash, .self = self.id, .peer = seen.peer},
          self.keys,
          filled<AdmissionNonce>(nonce),
          kStart};
}

Bytes take_output(Admission& machine) {
  Bytes out = copy_bytes(machine.pending_output());
  machine.output_sent(out.size(), kStart);
  return out;
}

// What came of it: the listener's verdict and then the dialer's.
struct Outcome {
  std::optional<Under> listener, dialer;
  bool operator==(const Outcome&) const = default;
};
Outcome meet(const Node& a, const Node& b) {
  Admission from = dialer(a, {.peer = b.id});
  Admission to = listener(b, {.peer = a.id});
  Outcome outcome;
  if (!to.receive(take_output(from), kStart)) {
    EXPECT_TRUE(to.pending_output().empty());
    return outcome;
  }
  const Bytes answer = take_output(to);
  if (to.is_done()) outcome.listener = to.admitted_under();
  if (from.receive(answer, kStart) && from.is_done()) outcome.dialer = from.admitted_under();
  return outcome;
}

TEST(Admission, TwoMembersAdmitEachOtherInPiecesOfAnySize) {
  for (std::size_t piece_bytes = 1; piece_bytes <= kDialerAdmissionBytes; ++piece_bytes) {
    const Node a = node(1, 0), b = node(2, 0);
    Admission from = dialer(a, {.peer = b.id});
    Admission to = listener(b, {.peer = a.id});
    stream::Wire wire(from, to);
    ASSERT_TRUE(wire.settle(piece_bytes, kStart));
    EXPECT_TRUE(from.is_done() && to.is_done());
    EXPECT_TRUE(wire.has_finished_both_ways());
    EXPECT_EQ(wire.bytes_carried(), kDialerAdmissionBytes + kListenerAdmissionBytes);
    EXPECT_EQ(from.next_deadline(), Instant::max());
  }
}

TEST(Admission, WhoHasAnotherSecretIsRefusedAndToldNothing) {
  EXPECT_EQ(meet(node(1, 0), node(2, 1)), Outcome{});
  EXPECT_EQ(meet(rotated_node(1, 0, 1), node(2, 2)), Outcome{});
}

TEST(Admission, HoldsDuringTheOverlapOfARotationEitherWay) {
  const auto newest = Under::newest, previous = Under::previous;
  EXPECT_EQ(meet(rotated_node(1, 1, 0), node(2, 0)), (Outcome{newest, previous}));
  EXPECT_EQ(meet(node(1, 0), rotated_node(2, 1, 0)), (Outcome{previous, newest}));
  EXPECT_EQ(meet(rotated_node(1, 1, 0), node(2, 1)), (Outcome{newest, newest}));
  EXPECT_EQ(meet(rotated_node(1, 1, 0), rotated_node(2, 1, 0)), (Outcome{newest, newest}));
  // Two steps apart: the one's previous secret is the other's newest.
  EXPECT_EQ(meet(rotated_node(1, 2, 1), rotated_node(2, 1, 0)), (Outcome{newest, previous}));
}

TEST(Admission, EndsWithTheOverlap) {
  Node late = rotated_node(2, 1, 0);
  late.keys.tick(kToday + kRotationOverlap);
  EXPECT_EQ(meet(node(1, 0), late), Outcome{});
}

// An outsider between two members carries their messages from one connection to another. Each has its own handshake.
TEST(AdmissionAttacks, ProofThatIsRelayedFromAnotherConnectionIsRefused) {
  const Node a = node(1, 0), b = node(2, 0);
  Admission from = dialer(a, {.hash = filled<crypto::Digest>(1), .peer = b.id});
  Admission to = listener(b, {.hash = filled<crypto::Digest>(2), .peer = a.id});
  EXPECT_EQ(to.receive(take_output(from), kStart).error(), Errc::mesh_refused);
  EXPECT_TRUE(to.pending_output().empty());
}

TEST(AdmissionAttacks, ProofOfAnotherPeerIsRefused) {
  const Node a = node(1, 0), b = node(2, 0);
  // The outsider, peer 3, is in the middle; even with one handshake hash for both.
  Admission from = dialer(a, {.peer = peer(3)});
  Admission to = listener(b, {.peer = peer(3)});
  EXPECT_EQ(to.receive(take_output(from), kStart).error(), Errc::mesh_refused);
}

TEST(AdmissionAttacks, AnswerOfAnotherConnectionOrPeerIsRefused) {
  const Node a = node(1, 0), b = node(2, 0), c = node(3, 0);
  const auto answer_to = [&](const Node& who, const Seen& seen, int dialer_nonce) {
    Admission from = dialer(a, {.hash = seen.hash, .peer = who.id}, dialer_nonce);
    Admission to = listener(who, seen);
    EXPECT_TRUE(to.receive(take_output(from), kStart));
    return take_output(to);
  };
  const crypto::Digest hash = filled<crypto::Digest>(7);
  const auto is_believed = [&](ByteView answer) {
    Admission from = dialer(a, {.hash = hash, .peer = b.id});
    take_output(from);
    return from.receive(answer, kStart).has_value();
  };
  EXPECT_TRUE(is_believed(answer_to(b, {.hash = hash, .peer = a.id}, 1)));
  EXPECT_FALSE(is_believed(answer_to(c, {.hash = hash, .peer = a.id}, 1)));
  EXPECT_FALSE(is_believed(answer_to(b, {.hash = filled<crypto::Digest>(8), .peer = a.id}, 1)));
  // The same connection in all but the nonce: an answer to another question.
  EXPECT_FALSE(is_believed(answer_to(b, {.hash = hash, .peer = a.id}, 9)));
}

TEST(AdmissionAttacks, ReplayedTranscriptIsRefused) {
  const Node a = node(1, 0), b = node(2, 0);
  Admission from = dialer(a, {.peer = b.id});
  const Bytes recorded = take_output(from);
  Admission again = listener(b, {.hash = filled<crypto::Digest>(8), .peer = a.id});
  EXPECT_EQ(again.receive(recorded, kStart).error(), Errc::mesh_refused);
}

TEST(AdmissionAttacks, ProofThatIsSaidBackIsRefused) {
  const Node a = node(1, 0), b = node(2, 0);
  // By whoever a dialed.
  Admission from = dialer(a, {.peer = b.id});
  const Bytes said = take_output(from);
  for (std::size_t begin = 1 + sizeof(AdmissionNonce); begin < said.size();
       begin += kAdmissionProofBytes) {
    Bytes answer(said.begin(), said.begin() + 1 + sizeof(AdmissionNonce));
    append(answer, ByteView(said).subspan(begin, kAdmissionProofBytes));
    Admission asked = dialer(a, {.peer = b.id});
    EXPECT_EQ(asked.receive(answer, kStart).error(), Errc::mesh_refused);
  }
  // To a, on a connection the other way round.
  Admission to = listener(a, {.peer = b.id});
  EXPECT_EQ(to.receive(said, kStart).error(), Errc::mesh_refused);
}

TEST(Admission, RefusesEveryChangedBitAndLength) {
  const Node a = node(1, 0), b = rotated_node(2, 1, 0);
  Admission from = dialer(a, {.peer = b.id});
  const Bytes said = take_output(from);
  // The second proof stands for a secret that a does not have.
  const std::size_t meant_bytes = said.size() - kAdmissionProofBytes;
  for (std::size_t bit = 0; bit < meant_bytes * 8; ++bit) {
    Bytes changed = said;
    changed[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    Admission to = listener(b, {.peer = a.id});
    EXPECT_EQ(to.receive(changed, kStart).error(), Errc::mesh_refused) << bit;
  }
  for (std::size_t size = 0; size < said.size(); ++size) {
    Admission to = listener(b, {.peer = a.id});
    ASSERT_TRUE(to.receive(ByteView(said).first(size), kStart));
    EXPECT_TRUE(to.pending_output().empty());
    EXPECT_FALSE(to.is_done());
    EXPECT_EQ(to.peer_finished(kStart).error(), Errc::mesh_refused);
  }
  Bytes longer = said;
  longer.push_back(std::byte{0});
  Admission to = listener(b, {.peer = a.id});
  EXPECT_EQ(to.receive(longer, kStart).error(), Errc::mesh_refused);
  Admission then = listener(b, {.peer = a.id});
  ASSERT_TRUE(then.receive(said, kStart));
  EXPECT_EQ(then.receive(ByteView(longer).first(1), kStart).error(), Errc::mesh_refused);

  Admission answering = listener(b, {.peer = a.id});
  ASSERT_TRUE(answering.receive(said, kStart));
  const Bytes answer = take_output(answering);
  for (std::size_t bit = 0; bit < answer.size() * 8; ++bit) {
    Bytes changed = answer;
    changed[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    Admission asked = dialer(a, {.peer = b.id});
    EXPECT_EQ(asked.receive(changed, kStart).error(), Errc::mesh_refused) << bit;
  }
  for (std::size_t size = 0; size < answer.size(); ++size) {
    Admission asked = dialer(a, {.peer = b.id});
    take_output(asked);
    ASSERT_TRUE(asked.receive(ByteView(answer).first(size), kStart));
    EXPECT_EQ(asked.peer_finished(kStart).error(), Errc::mesh_refused);
  }
}

TEST(Admission, EndsAfterTwoSeconds) {
  const Node a = node(1, 0), b = node(2, 0);
  Admission to = listener(b, {.peer = a.id});
  EXPECT_EQ(to.next_deadline(), kStart + 2s);
  EXPECT_TRUE(to.tick(kStart + 2s - 1ns));
  EXPECT_EQ(to.tick(kStart + 2s).error(), Errc::timed_out);
  // A peer that proves itself and does not take the answer.
  Admission from = dialer(a, {.peer = b.id});
  ASSERT_TRUE(to.receive(take_output(from), kStart));
  EXPECT_FALSE(to.is_done());
  EXPECT_EQ(to.tick(kStart + 2s).error(), Errc::timed_out);
}

TEST(Admission, DoesNotShowHowManySecretsANodeHolds) {
  const Node one = node(1, 0), two = rotated_node(1, 0, 1);
  Admission a = dialer(one, {.peer = peer(2)});
  Admission b = dialer(two, {.peer = peer(2)});
  const Bytes said_by_one = take_output(a), said_by_two = take_output(b);
  ASSERT_EQ(said_by_one.size(), said_by_two.size());
  const auto second = [](ByteView said) { return said.last(kAdmissionProofBytes); };
  EXPECT_FALSE(equal(second(said_by_one), second(said_by_two)));
  Admission c = dialer(one, {.hash = filled<crypto::Digest>(8), .peer = peer(2)}, 3);
  EXPECT_FALSE(equal(second(said_by_one), second(take_output(c))));
}

// docs/wire/admit.md
TEST(Admission, MatchesTheDocumentedExample) {
  const SwarmSecret documented = *SwarmSecret::parse(
      crypto::Secret("ghs1-aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypzosvdem"));
  const Node a{.keys = Keyring(documented, kToday), .id = peer(1)};
  const Node b{.keys = Keyring(documented, kToday), .id = peer(2)};
  EXPECT_EQ(hex(a.id.bytes()),
            "002408011220"
            "0101010101010101010101010101010101010101010101010101010101010101");
  Admission from = dialer(a, {.peer = b.id});
  Admission to = listener(b, {.peer = a.id});
  const Bytes said = take_output(from);
  EXPECT_EQ(hex(said),
            "01"
            "01010101010101010101010101010101"
            "ef1955b87560dee64409de1a931dd5517686f57553e92e7a1e1a4f61cd2edbc0"
            "061d2cd94230a0a303c15ded8f8e214cf0ba5fcee47ca8a5bea909814e2cf46c");
  ASSERT_TRUE(to.receive(said, kStart));
  EXPECT_EQ(hex(take_output(to)),
            "01"
            "02020202020202020202020202020202"
            "551d2f1d112d7cadc8843440374b68dd6275f43445d9ff060ee6f126e1234ad3");
}

}  // namespace
}  // namespace ghmesh::mesh
