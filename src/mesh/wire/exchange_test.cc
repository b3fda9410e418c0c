// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/wire/exchange.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "packing/varint.h"

namespace ghmesh::mesh {
namespace {

template <class Id>
Id id_of(int value) {
  Id id{};
  id.fill(static_cast<std::byte>(value));
  return id;
}

const KeyAndTag kSubject{.key = id_of<KeyId>(1), .tag = id_of<PrincipalTag>(2)};
const ExchangeId kExchange = id_of<ExchangeId>(3);

// Written and parsed it is the same, and nothing shorter or longer is.
template <class Parse, class Message>
void expect_exact(const Bytes& written, Parse parse, const Message& message) {
  auto parsed = parse(written);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(*parsed == message);
  for (std::size_t size = 0; size < written.size(); ++size)
    EXPECT_FALSE(parse(ByteView(written).first(size))) << size;
  Bytes longer = written;
  longer.push_back(std::byte{1});
  EXPECT_FALSE(parse(longer));
  Bytes other_kind = written;
  other_kind[0] = std::byte{0x7e};
  EXPECT_FALSE(parse(other_kind));
}

AnswerHead head_of(const std::string& body, std::size_t packed_bytes) {
  AnswerHead head{.kind = AnswerHead::Kind::found, .found = {}, .packed_bytes = packed_bytes};
  head.found.key = kSubject.key;
  head.found.tag = kSubject.tag;
  head.found.upstream_date = wall_time(1'770'000'000);
  head.found.headers = {{"content-type", "application/json; charset=utf-8"}};
  head.found.body_digest = crypto::sha256(as_bytes(body));
  head.found.body_bytes = body.size();
  return head;
}

TEST(Ask, IsExact) {
  const Ask by_key{.exchange = kExchange, .what = kSubject};
  expect_exact(write_ask(by_key), parse_ask, by_key);
  const Ask by_digest{.exchange = kExchange, .what = id_of<crypto::Digest>(4)};
  expect_exact(write_ask(by_digest), parse_ask, by_digest);
}

TEST(Recall, IsExact) {
  const RecallAsk ask{.exchange = kExchange, .name = "n"};
  const Bytes written = write_recall_ask(ask);
  EXPECT_EQ(*parse_recall_ask(written), ask);
  for (std::size_t size = 0; size < written.size(); ++size)
    EXPECT_FALSE(parse_recall_ask(ByteView(written).first(size))) << size;
  EXPECT_FALSE(parse_recall_ask(write_recall_ask(
      {.exchange = kExchange, .name = std::string(kSharedNameBytesMax + 1, 'n')})));
  expect_exact(*write_recall_head({}), parse_recall_head, RecallHead{});
  RecallHead head{.packed_bytes = 700};
  head.found = Shared{.key = kSubject.key, .digest = id_of<crypto::Digest>(4), .record_bytes = 900};
  expect_exact(*write_recall_head(head), parse_recall_head, head);
}

TEST(AnswerHead, IsExact) {
  for (auto kind : {AnswerHead::Kind::absent, AnswerHead::Kind::busy}) {
    const AnswerHead head{.kind = kind, .found = {}};
    expect_exact(*write_answer_head(head), parse_answer_head, head);
  }
  const AnswerHead found = head_of("body", 9);
  expect_exact(*write_answer_head(found), parse_answer_head, found);
}

TEST(AnswerHead, NamesNoBodyThatRidesAlong) {
  AnswerHead head = head_of("{}", 5);
  head.found.body = http::make_body("{}");  // is left out
  auto parsed = parse_answer_head(*write_answer_head(head));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->found.body, nullptr);

  Bytes inside{std::byte{1}, std::byte{5}};
  append(inside, *write_announcement(head.found));
  EXPECT_EQ(parse_answer_head(inside).error(), Errc::malformed);
  Bytes other{std::byte{1}, std::byte{5}};
  append(other, *write_announcement(Gone{}));
  EXPECT_EQ(parse_answer_head(other).error(), Errc::malformed);
}

TEST(BodyCollector, MakesTheBodyOfItsChunks) {
  Random random(3);
  std::string body(300'000, '\0');
  for (char& c : body) c = static_cast<char>('a' + random.below(20));
  const Bytes packed = pack_body(body);
  for (std::size_t chunk_bytes : {packed.size(), kSealPlainBytesMax, std::size_t{1'000}}) {
    BodyCollector collector(head_of(body, packed.size()));
    ByteView rest = packed;
    while (!rest.empty()) {
      EXPECT_FALSE(collector.is_complete());
      const ByteView chunk = rest.first(std::min(chunk_bytes, rest.size()));
      rest = rest.subspan(chunk.size());
      ASSERT_TRUE(collector.add(chunk));
    }
    ASSERT_TRUE(collector.is_complete());
    EXPECT_EQ(**collector.finish(), body);
    EXPECT_EQ(collector.add(Bytes(1)).error(), Errc::too_large);
  }
}

// The predecessor names a body by a hash of some of its fields, and takes any body under it.
TEST(BodyCollector, Predecessor_BodyIsBoundToItsCid) {
  const std::string body = R"({"private":false,"full_name":"mira/web-app"})";
  const std::string forged = R"({"private":false,"full_name":"evil/web-app"})";
  const Bytes packed = pack_body(forged);
  BodyCollector collector(head_of(body, packed.size()));
  ASSERT_TRUE(collector.add(packed));
  ASSERT_TRUE(collector.is_complete());
  EXPECT_EQ(collector.finish().error(), Errc::mesh_false_body);
}

TEST(BodyCollector, TakesNothingThatIsShorterLongerOrNotPacked) {
  const std::string body(1'000, 'b');
  for (const Bytes& packed :
       {pack_body(std::string(999, 'b')), pack_body(std::string(1'001, 'b')),
        pack_body(std::string(1 << 20, 'b')), Bytes(10), Bytes(10, std::byte{0xff})}) {
    BodyCollector collector(head_of(body, packed.size()));
    ASSERT_TRUE(collector.add(packed));
    EXPECT_EQ(collector.finish().error(), Errc::mesh_false_body);
  }
  BodyCollector collector(head_of(body, 10));
  EXPECT_EQ(collector.add({}).error(), Errc::malformed);
  EXPECT_EQ(collector.add(Bytes(11)).error(), Errc::too_large);
}

TEST(Lease, IsExact) {
  for (auto what : {LeaseAsk::What::fetch, LeaseAsk::What::validate}) {
    const LeaseAsk ask{.exchange = kExchange, .subject = kSubject, .what = what};
    expect_exact(write_lease_ask(ask), parse_lease_ask, ask);
  }
  for (const LeaseAnswer& answer :
       {LeaseAnswer(LeaseGo{5s}), LeaseAnswer(LeaseWait{250ms}), LeaseAnswer(LeaseHave{Valid{}})})
    expect_exact(*write_lease_answer(answer), parse_lease_answer, answer);
}

TEST(Lease, IsNeverLongerThanItMayBe) {
  EXPECT_EQ(*parse_lease_answer(*write_lease_answer(LeaseGo{1h})), LeaseAnswer(LeaseGo{kLeaseMax}));
  EXPECT_EQ(*parse_lease_answer(*write_lease_answer(LeaseGo{-1h})), LeaseAnswer(LeaseGo{0s}));
  Bytes forever{std::byte{2}};
  packing::append_varint(forever, UINT64_MAX);
  EXPECT_EQ(*parse_lease_answer(forever), LeaseAnswer(LeaseWait{kLeaseMax}));
  EXPECT_FALSE(parse_lease_answer(*write_lease_answer(LeaseHave{Gone{}})));
}

TEST(WarmAsk, IsExactAndBounded) {
  const WarmAsk ask{.exchange = kExchange,
                    .entries_max = 100,
                    .bytes_max = 1 << 20,
                    .tags = {kSubject.tag, id_of<PrincipalTag>(9)}};
  auto parsed = parse_warm_ask(write_warm_ask(ask));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, ask);

  WarmAsk greedy{.entries_max = UINT64_MAX, .bytes_max = UINT64_MAX, .tags = {}};
  greedy.tags.resize(kWarmTagsMax + 1);
  parsed = parse_warm_ask(write_warm_ask(greedy));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->entries_max, kWarmEntriesMax);
  EXPECT_EQ(parsed->bytes_max, kWarmBytesMax);
  EXPECT_EQ(parsed->tags.size(), kWarmTagsMax);
  Bytes more = write_warm_ask(greedy);
  append(more, id_of<PrincipalTag>(1));
  EXPECT_EQ(parse_warm_ask(more).error(), Errc::too_large);
  more.resize(more.size() - 12);
  EXPECT_EQ(parse_warm_ask(more).error(), Errc::malformed);
}

TEST(WarmBatch, HoldsAnnouncementsUntilAMessageIsFull) {
  const Bytes said = *write_announcement(Gone{});
  WarmBatch batch;
  while (fits_batch(batch, said.size())) batch.announcements.emplace_back(said);
  EXPECT_EQ(batch.announcements.size(), kWarmBatchEntriesMax);
  WarmBatch large;
  const Bytes largest(kInlinePackedBytesMax + 100);
  while (fits_batch(large, largest.size())) large.announcements.emplace_back(largest);
  EXPECT_EQ(large.announcements.size(), 7u);
  for (WarmBatch* each : {&batch, &large}) {
    each->is_last = !each->is_last;
    const Bytes written = write_warm_batch(*each);
    EXPECT_LE(written.size(), kSealPlainBytesMax);
    auto parsed = parse_warm_batch(written);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->is_last, each->is_last);
    ASSERT_EQ(parsed->announcements.size(), each->announcements.size());
    for (std::size_t i = 0; i < each->announcements.size(); ++i)
      EXPECT_TRUE(equal(parsed->announcements[i], each->announcements[i]));
  }
}

TEST(WarmBatch, RefusesWhatIsEmptyCutOrTooMany) {
  EXPECT_FALSE(parse_warm_batch({}));
  EXPECT_TRUE(parse_warm_batch(Bytes{std::byte{1}}));
  EXPECT_FALSE(parse_warm_batch(Bytes{std::byte{2}}));
  EXPECT_FALSE(parse_warm_batch(Bytes{std::byte{1}, std::byte{0}}));
  EXPECT_FALSE(parse_warm_batch(Bytes{std::byte{1}, std::byte{2}, std::byte{9}}));
  Bytes many{std::byte{0}};
  for (std::size_t i = 0; i <= kWarmBatchEntriesMax; ++i)
    append(many, Bytes{std::byte{1}, std::byte{7}});
  EXPECT_EQ(parse_warm_batch(many).error(), Errc::too_large);
}

TEST(ExchangePlace, IsAnotherForEachExchange) {
  EXPECT_NE(exchange_place(kFetchProtocol, kExchange),
            exchange_place(kFetchProtocol, id_of<ExchangeId>(4)));
  EXPECT_NE(exchange_place(kFetchProtocol, kExchange), exchange_place(kWarmProtocol, kExchange));
}

}  // namespace
}  // namespace ghmesh::mesh
