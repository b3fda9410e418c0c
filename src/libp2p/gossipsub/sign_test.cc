// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "libp2p/gossipsub/message.h"
#include "libp2p/gossipsub/rpc.h"
#include "libp2p/gossipsub/signed_message.h"
#include "libp2p/gossipsub/test_router.h"
#include "libp2p/protobuf/fields.h"

namespace ghmesh::gossipsub {
namespace {

bool is_valid(ByteView bytes) {
  const auto view = parse_message(bytes);
  if (!view || !is_strict(*view)) return false;
  auto author = PeerId::parse(view->from);
  Bytes scratch;
  return author && verify_message(*view, *author, scratch);
}

MessageId id_of(IdScheme scheme, ByteView bytes) {
  const auto view = parse_message(bytes);
  return make_message_id(scheme, *view, *PeerId::parse(view->from));
}

// Published by @libp2p/gossipsub 17.1.1 with the key of test_key(7): with its key, although the id contains it.
const Bytes& message_of_js() {
  static const Bytes message = *parse_hex(
      "0a260024080112209a63355ba8a79697daad5c3d1967cd6e7946136874ac7d3946b5521c0fe36e14120568656c6c"
      "6f1a0818eb6985783b658122046e6577732a4092372b8a9a266c16a33fa6a711ec94a870e953ecd1e6fb8bb987a0"
      "10911c3e0c5c726f53b49c8c624e45b02a086c825ec5eab56781a14388cab0af98fd9ca3033224080112209a6335"
      "5ba8a79697daad5c3d1967cd6e7946136874ac7d3946b5521c0fe36e14");
  return message;
}

TEST(GossipsubMessage, OfJsIsVerified) {
  EXPECT_TRUE(is_valid(message_of_js()));
  const auto view = parse_message(message_of_js());
  EXPECT_EQ(as_text(view->data_or_empty()), "hello");
  EXPECT_EQ(as_text(view->topic), "news");
  EXPECT_EQ(write_message(*view), message_of_js());
}

// Ed25519 is deterministic: what we sign is what js signs.
TEST(GossipsubMessage, IsSignedAsJsDoes) {
  const auto view = parse_message(message_of_js());
  const Bytes ours = write_signed_message(
      {.topic = "news", .data = as_bytes("hello"), .seqno = 0x18eb6985783b6581}, test_key(7));
  EXPECT_TRUE(is_valid(ours));
  EXPECT_EQ(hex(parse_message(ours)->signature), hex(view->signature));
  EXPECT_FALSE(parse_message(ours)->key);  // the author's id contains it
}

// What was delivered can be shown to somebody else, who needs no router to check it.
TEST(GossipsubMessage, IsOpenedAsItsAuthorSignedIt) {
  const auto opened = open_signed_message(message_of_js());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->author, test_key(7).peer_id());
  EXPECT_EQ(opened->seqno, 0x18eb6985783b6581);
  EXPECT_EQ(opened->topic, "news");
  EXPECT_EQ(as_text(opened->data), "hello");

  const Bytes ours = write_signed_message("news", as_bytes("hello"), 7, test_key(7));
  EXPECT_TRUE(open_signed_message(ours));
  for (std::size_t i = 0; i < ours.size(); ++i) {
    Bytes changed = ours;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(open_signed_message(changed)) << i;
    EXPECT_FALSE(open_signed_message(ByteView(ours).first(i))) << i;
  }
  const Bytes rpc = write_rpc({.messages = {ours}});
  ASSERT_TRUE(message_in(rpc));
  EXPECT_TRUE(equal(*message_in(rpc), ours));
  EXPECT_FALSE(message_in(write_rpc({.messages = {ours, ours}})));
  EXPECT_FALSE(message_in(write_rpc({.messages = {}})));
  EXPECT_FALSE(message_in(ours));
}

TEST(GossipsubMessage, IdsAreThoseOfTheImplementations) {
  const Bytes& message = message_of_js();
  EXPECT_EQ(id_of(IdScheme::author_and_seqno, message).text(),
            "0024080112209a63355ba8a79697daad5c3d1967cd6e7946136874ac7d3946b5521c0fe36e14"
            "18eb6985783b6581");
  EXPECT_EQ(id_of(IdScheme::key_and_seqno, message).text(),
            "080112209a63355ba8a79697daad5c3d1967cd6e7946136874ac7d3946b5521c0fe36e14"
            "18eb6985783b6581");
  EXPECT_EQ(as_text(id_of(IdScheme::author_and_seqno_text, message).bytes()),
            test_key(7).peer_id().text() + "1795644898406000001");
  EXPECT_EQ(id_of(IdScheme::content, message).text(), hex(crypto::sha256(as_bytes("hello"))));
}

TEST(GossipsubMessage, AnyChangedBitIsFound) {
  const Bytes& message = message_of_js();
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    Bytes changed = message;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    if (!is_valid(changed)) continue;
    // Only what the signature does not cover: the key's field may turn into an unknown one. The message is the same.
    MessageView view = *parse_message(changed), original = *parse_message(message);
    EXPECT_FALSE(view.key) << bit;
    original.key.reset();
    EXPECT_EQ(write_message(view), write_message(original)) << bit;
  }
}

TEST(GossipsubMessage, CutAnywhereIsNotValid) {
  const Bytes ours = TestRouter::message(1, 1);
  for (std::size_t size = 0; size < ours.size(); ++size)
    EXPECT_FALSE(is_valid(ByteView(ours).first(size))) << size;
}

TEST(GossipsubMessage, IsStrictAboutItsFields) {
  const auto whole = *parse_message(TestRouter::message(1, 1));
  EXPECT_TRUE(is_strict(whole));
  auto without = [&whole](auto change) {
    MessageView view = whole;
    change(view);
    return is_strict(view);
  };
  EXPECT_FALSE(without([](MessageView& view) { view.from = {}; }));
  EXPECT_FALSE(without([](MessageView& view) { view.seqno = {}; }));
  EXPECT_FALSE(without([](MessageView& view) { view.seqno = view.seqno.first(7); }));
  EXPECT_FALSE(without([](MessageView& view) { view.topic = {}; }));
  EXPECT_FALSE(without([](MessageView& view) { view.signature = {}; }));
  const Bytes long_signature(1025), long_key(2049);
  EXPECT_FALSE(without([&](MessageView& view) { view.signature = long_signature; }));
  EXPECT_FALSE(without([&](MessageView& view) { view.key = long_key; }));
}

TEST(GossipsubMessage, WithAFieldTwiceIsNone) {
  for (std::uint32_t number = 1; number <= 6; ++number) {
    Bytes twice = message_of_js();
    protobuf::append_field(twice, number, as_bytes("x"));
    EXPECT_FALSE(parse_message(twice)) << number;
    Bytes as_number;
    protobuf::append_field(as_number, number, 1);
    EXPECT_FALSE(parse_message(as_number)) << number;
  }
}

TEST(GossipsubMessage, UnknownFieldsAreNotForwarded) {
  const Bytes ours = TestRouter::message(1, 1);
  Bytes extended = ours;
  protobuf::append_field(extended, 9, as_bytes("padding"));
  EXPECT_TRUE(is_valid(extended));
  EXPECT_EQ(write_message(*parse_message(extended)), ours);
}

TEST(GossipsubMessage, WithoutDataIsAnotherThanWithEmptyData) {
  const keys::PrivateKey key = test_key(1);
  Bytes part = copy_bytes(as_bytes("libp2p-pubsub:"));
  Bytes message;
  protobuf::append_field(message, 1, key.peer_id().bytes());
  protobuf::append_field(message, 3, Bytes(8));
  protobuf::append_field(message, 4, as_bytes("news"));
  append(part, message);
  protobuf::append_field(message, 5, key.sign(part));
  EXPECT_TRUE(is_valid(message));
  protobuf::append_field(message, 2, ByteView());
  EXPECT_FALSE(is_valid(message));
}

TEST(GossipsubMessage, OfAnotherKeyIsNotOfTheAuthor) {
  auto view = *parse_message(message_of_js());
  const Bytes other_key = copy_bytes(test_key(8).public_key().serialized());
  view.key = other_key;
  EXPECT_FALSE(is_valid(write_message(view)));
  view.key = view.key->first(10);
  EXPECT_FALSE(is_valid(write_message(view)));
  // The key decides who signed; it must also be who is named.
  Bytes signed_by_other =
      write_signed_message({.topic = "news", .data = as_bytes("hello"), .seqno = 1}, test_key(8));
  view = *parse_message(signed_by_other);
  const Bytes claimed = copy_bytes(test_key(7).peer_id().bytes());
  view.from = claimed;
  view.key = other_key;
  EXPECT_FALSE(is_valid(write_message(view)));
}

// --- in the router ---

TEST(GossipsubRouter, VerifiesBeforeItDelivers) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.add_mesh_peer(2);
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  const auto delivered = test.events_of<Delivered>();
  ASSERT_EQ(delivered.size(), 1u);
  EXPECT_EQ(delivered[0].author, TestRouter::id_of(9));
  EXPECT_EQ(delivered[0].received_from, TestRouter::id_of(1));
  EXPECT_EQ(delivered[0].topic, "news");
  EXPECT_EQ(delivered[0].seqno, 5u);
  EXPECT_EQ(as_text(delivered[0].data), "hello");
  EXPECT_FALSE(delivered[0].needs_verdict);
  EXPECT_EQ(delivered[0].id, TestRouter::id_of_message(9, 5));
  const auto sent = test.sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].to, TestRouter::id_of(2));
  EXPECT_EQ(sent[0].rpc.messages, (std::vector<Bytes>{TestRouter::message(9, 5)}));
  EXPECT_EQ(sent[0].priority, Priority::forward);
}

TEST(GossipsubRouter, AForgeryDoesNotKeepTheRealMessageOut) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.add_mesh_peer(2);
  Bytes forged = TestRouter::message(9, 5);
  forged.back() ^= std::byte{1};
  test.receive(1, {.messages = {forged}});
  EXPECT_TRUE(test.events().empty());
  EXPECT_TRUE(test.sent().empty());  // in particular no IDONTWANT
  EXPECT_EQ(test.router.counters().invalid, 1u);
  EXPECT_LT(test.router.score(TestRouter::id_of(1)), 0);
  test.receive(2, {.messages = {TestRouter::message(9, 5)}});
  EXPECT_EQ(test.events_of<Delivered>().size(), 1u);
}

TEST(GossipsubRouter, DuplicatesAreNotVerified) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.add_mesh_peer(2);
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  for (int i = 0; i < 100; ++i) test.receive(2, {.messages = {TestRouter::message(9, 5)}});
  EXPECT_EQ(test.router.counters().verified, 1u);
  EXPECT_EQ(test.router.counters().duplicates, 100u);
  EXPECT_EQ(test.events_of<Delivered>().size(), 1u);
}

TEST(GossipsubRouter, TakesItsOwnMessageFromNobody) {
  TestRouter test;
  test.add_mesh_peer(1);
  const Bytes old = write_signed_message(
      {.topic = "news", .data = as_bytes("before the restart"), .seqno = 77}, test.key);
  test.receive(1, {.messages = {old}});
  EXPECT_TRUE(test.events().empty());
  EXPECT_EQ(test.router.counters().ignored, 1u);
  EXPECT_GE(test.router.score(TestRouter::id_of(1)), 0);
}

TEST(GossipsubRouter, NumbersItsMessagesUpwards) {
  TestRouter test;
  test.add_mesh_peer(1);
  for (std::uint64_t seqno = 1; seqno <= 3; ++seqno) {
    const auto id = test.router.publish("news", as_bytes("x"), test.now);
    ASSERT_TRUE(id);
    EXPECT_EQ(load_big_endian<std::uint64_t>(id->bytes().last(8)), seqno);
    const Rpc rpc = test.sent_to(1);
    ASSERT_EQ(rpc.messages.size(), 1u);
    EXPECT_TRUE(is_valid(rpc.messages[0]));
  }
}

TEST(GossipsubRouter, PublishesOneContentOnce) {
  Options options = test_options();
  options.id_scheme = IdScheme::content;
  TestRouter test(options);
  test.add_mesh_peer(1);
  const auto id = test.router.publish("news", as_bytes("x"), test.now);
  ASSERT_TRUE(id);
  EXPECT_TRUE(equal(id->bytes(), crypto::sha256(as_bytes("x"))));
  EXPECT_EQ(test.router.publish("news", as_bytes("x"), test.now).error(),
            Errc::gossipsub_duplicate);
  // Nor is it news when another says it.
  test.receive(1, {.messages = {TestRouter::message(9, 5, as_bytes("x"))}});
  EXPECT_TRUE(test.events().empty());
  test.pass(3min);
  EXPECT_TRUE(test.router.publish("news", as_bytes("x"), test.now));
}

}  // namespace
}  // namespace ghmesh::gossipsub
