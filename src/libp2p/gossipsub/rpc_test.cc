// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/rpc.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/text.h"
#include "libp2p/gossipsub/message.h"
#include "libp2p/gossipsub/test_network.h"

namespace ghmesh::gossipsub {
namespace {

using protobuf::append_field;

MessageId id(std::string_view text) { return MessageId(as_bytes(text)); }

Rpc full_rpc() {
  return {.subscriptions = {{"news", true}, {"old", false}},
          .messages = {copy_bytes(as_bytes("\x0a\x01x"))},
          .ihave = {{"news", {id("a"), id("bc")}}, {"weather", {id("d")}}},
          .iwant = {id("e"), id("f")},
          .graft = {"news", "weather"},
          .prune = {{"old", {{copy_bytes(as_bytes("peer")), copy_bytes(as_bytes("record"))}}, 60},
                    {"older", {}, 0}},
          .idontwant = {id("g")}};
}

Bytes repeated(std::uint32_t number, ByteView body, std::size_t times) {
  Bytes out;
  for (std::size_t i = 0; i < times; ++i) append_field(out, number, body);
  return out;
}

Bytes in_control(ByteView entries) {
  Bytes out;
  append_field(out, 3, entries);
  return out;
}

Error rejection(ByteView rpc) {
  auto scanned = scan_rpc(rpc);
  return scanned ? Error() : scanned.error();
}

TEST(GossipsubRpc, IsReadAsItWasWritten) {
  const Rpc rpc = full_rpc();
  auto parsed = parse_rpc(write_rpc(rpc));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, rpc);
  EXPECT_TRUE(write_rpc({}).empty());
  EXPECT_EQ(*parse_rpc({}), Rpc());
}

// Encoded by @libp2p/gossipsub 17.1.1.
TEST(GossipsubRpc, OfJsIsReadAndWrittenTheSame) {
  const Bytes encoded = *parse_hex(
      "0a08080112046e6577730a07080012036f6c641a5e0a0e0a046e657773120301020312010412050a030102031a06"
      "0a046e65777322360a036f6c64122d0a260024080112209a63355ba8a79697daad5c3d1967cd6e7946136874ac7d"
      "3946b5521c0fe36e141203010203183c2a050a03010203");
  const Bytes a = *parse_hex("010203");
  const Rpc rpc{.subscriptions = {{"news", true}, {"old", false}},
                .ihave = {{"news", {MessageId(a), MessageId(*parse_hex("04"))}}},
                .iwant = {MessageId(a)},
                .graft = {"news"},
                .prune = {{"old", {{copy_bytes(test_key(7).peer_id().bytes()), a}}, 60}},
                .idontwant = {MessageId(a)}};
  auto parsed = parse_rpc(encoded);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, rpc);
  EXPECT_EQ(write_rpc(rpc), encoded);
}

TEST(GossipsubRpc, CutAnywhereIsRefusedOrHoldsLess) {
  const Rpc rpc = full_rpc();
  const Bytes written = write_rpc(rpc);
  std::size_t complete = 0;
  for (std::size_t size = 0; size < written.size(); ++size) {
    auto parsed = parse_rpc(ByteView(written).first(size));
    if (!parsed) {
      EXPECT_EQ(parsed.error(), Errc::gossipsub_malformed);
      continue;
    }
    ++complete;
    EXPECT_NE(*parsed, rpc);
  }
  EXPECT_EQ(complete, 4u);  // before each of the four outer fields
}

TEST(GossipsubRpc, WithAKnownFieldOfAnotherTypeIsRefused) {
  for (std::string_view text : {
           "0801",          // subscriptions is a number
           "1001",          // publish
           "1801",          // control
           "0a020a00",      // subscribe is bytes
           "0a021001",      // the topic is a number
           "1a020801",      // ihave is a number
           "1a040a020801",  // the topic of ihave
           "1a0412020801",  // an id of iwant
           "1a041a020801",  // the topic of graft
           "1a042202"
           "1a00",  // the backoff of prune is bytes
           "1a0622041202"
           "0801",          // the id of a suggestion
           "1a042a020801",  // an id of idontwant
       })
    EXPECT_EQ(rejection(*parse_hex(text)), Errc::gossipsub_malformed) << text;
}

TEST(GossipsubRpc, OfALaterVersionIsReadWithoutWhatIsNew) {
  Rpc rpc = full_rpc();
  Bytes written = write_rpc(rpc);
  append_field(written, 10, as_bytes("partial"));
  append_field(written, 6492434, as_bytes("an extension"));
  append(written, in_control(repeated(6, as_bytes("extensions"), 1)));
  auto parsed = parse_rpc(written);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, rpc);
}

TEST(GossipsubRpc, SplitOverSeveralControlMessagesIsOne) {
  Bytes written = write_rpc({.graft = {"a"}});
  append(written, write_rpc({.subscriptions = {{"b", true}}, .graft = {"c"}}));
  auto parsed = parse_rpc(written);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->graft, (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(parsed->subscriptions.size(), 1u);
}

TEST(GossipsubRpc, HoldsNoMoreThanItsLimits) {
  Bytes graft, with_id;
  append_field(graft, 1, as_bytes("t"));
  append_field(with_id, 1, as_bytes("i"));
  Bytes prune_with_peers = repeated(2, {}, kSuggestionsMax);
  struct Case {
    const char* what;
    Bytes allowed, refused;
  };
  const std::vector<Case> cases = {
      {"subscriptions", repeated(1, {}, kSubscriptionsMax), repeated(1, {}, kSubscriptionsMax + 1)},
      {"messages", repeated(2, {}, kMessagesMax), repeated(2, {}, kMessagesMax + 1)},
      {"entries", in_control(repeated(3, graft, kControlEntriesMax)),
       in_control(repeated(3, graft, kControlEntriesMax + 1))},
      {"ids", in_control(repeated(2, repeated(1, as_bytes("i"), kIdsMax), 1)),
       in_control(repeated(2, repeated(1, as_bytes("i"), kIdsMax + kControlEntriesMax + 1), 1))},
      {"suggestions", in_control(repeated(4, prune_with_peers, 1)),
       in_control(repeated(4, prune_with_peers, 2))},
      {"control bytes", in_control(repeated(1, Bytes(), 1)),
       in_control(repeated(99, Bytes(kControlBytesMax), 1))},
      {"unknown fields", repeated(99, {}, kUnknownFieldsMax),
       repeated(99, {}, kUnknownFieldsMax + 1)},
      {"fields of a message", repeated(2, repeated(1, {}, 6), 1),
       repeated(2, repeated(1, {}, 7 + kUnknownFieldsMax), 1)},
      {"fields", repeated(1, repeated(2, {}, kFieldsMax - 1), 1),
       repeated(1, repeated(2, {}, kFieldsMax), 1)},
  };
  for (const Case& limit : cases) {
    EXPECT_EQ(rejection(limit.allowed), Error()) << limit.what;
    EXPECT_EQ(rejection(limit.refused), Errc::gossipsub_limit) << limit.what;
  }
}

// The hex digits of every line that begins with `arrow`, joined.
Bytes example_bytes(const std::string& path, std::string_view arrow) {
  std::ifstream file(path);
  const std::string document(std::istreambuf_iterator<char>(file), {});
  std::string_view rest = document;
  std::string digits;
  while (!rest.empty()) {
    std::string_view line = take_until(rest, '\n');
    if (!line.starts_with(arrow)) continue;
    line.remove_prefix(arrow.size());
    digits += take_until(line, ' ');
  }
  return *parse_hex(digits);
}

TEST(GossipsubWire, ExampleOfTheDocumentIsTrue) {
  const std::string path = "docs/wire/gossipsub.md";
  const Bytes sent = example_bytes(path, "-> ");
  const Bytes message =
      write_signed_message({.topic = "news", .data = as_bytes("hello"), .seqno = 1}, test_key(7));
  Bytes expected = write_rpc({.subscriptions = {{"news", true}}, .graft = {"news"}});
  append(expected, write_rpc({.messages = {message}}));
  EXPECT_EQ(hex(sent), hex(expected));

  const auto view = parse_message(message);
  ASSERT_TRUE(view);
  const MessageId message_id =
      make_message_id(IdScheme::author_and_seqno, *view, test_key(7).peer_id());
  const Bytes answered = example_bytes(path, "<- ");
  Bytes answer = write_rpc({.idontwant = {message_id}});
  append(answer, write_rpc({.prune = {{"news", {}, 60}}}));
  EXPECT_EQ(hex(answered), hex(answer));
}

}  // namespace
}  // namespace ghmesh::gossipsub
