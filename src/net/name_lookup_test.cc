// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/name_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "net/test_name_server.h"
#include "net/test_run.h"

namespace ghmesh::net {
namespace {

using resolve::Kind;
using test::NameServer;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kId = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC";

dns::Name name(std::string_view text) { return *dns::Name::parse_text(text); }

dns::Record txt(std::string_view owner, std::vector<std::string> texts) {
  return {.name = name(owner), .ttl = 60s, .data = dns::Txt{std::move(texts)}};
}

std::map<std::string, NameServer::Reply> table() {
  const std::string boot = "dnsaddr=/dnsaddr/one.boot.test/p2p/" + std::string(kId);
  const std::string one = "dnsaddr=/ip4/192.0.2.1/tcp/4001/p2p/" + std::string(kId);
  return {
      {"texts.test",
       {.records = {txt("texts.test", {"a long ", "text"}), txt("texts.test", {"another"})}}},
      {"alias.test",
       {.records =
            {{.name = name("alias.test"), .ttl = 60s, .data = dns::Cname{name("texts.test")}},
             txt("texts.test", {"behind it"})}}},
      {"no-texts.test", {}},
      {"failing.test", {.response_code = 2}},
      {"silent.test", {.is_silent = true}},
      {"loop.test", {.garbage = *parse_hex("c01bc01b001000010000003c00020161")}},
      {"_dnsaddr.boot.test",
       {.records = {txt("_dnsaddr.boot.test", {boot}), txt("_dnsaddr.boot.test", {"v=1"})}}},
      {"_dnsaddr.one.boot.test",
       {.records = {txt("_dnsaddr.one.boot.test", {one}),
                    txt("_dnsaddr.one.boot.test",
                        {"dnsaddr=/dns4/localhost/tcp/4001/p2p/" + std::string(kId)}),
                    txt("_dnsaddr.one.boot.test",
                        {"dnsaddr=/dns4/nowhere.invalid/tcp/1/p2p/" + std::string(kId)})}}},
  };
}

class NameLookupTest : public testing::Test {
 protected:
  NameLookupTest() : server(table()) {}

  NameLookupOptions options() const {
    return {.query = {.server_port = server.port(), .server_seconds = 1, .attempts_count = 1}};
  }
  Result<resolve::Answer> look_up(NameLookup& names, std::string text, Kind kind) {
    return test::run(context, names.look_up({.id = 0, .name = std::move(text), .kind = kind}));
  }

  NameServer server;
  asio::io_context context;
};

TEST_F(NameLookupTest, ReadsTextsOfARealNameServer) {
  NameLookup names(options());
  EXPECT_THAT(look_up(names, "texts.test", Kind::txt)->texts,
              ElementsAre("a long text", "another"));
  EXPECT_THAT(look_up(names, "alias.test", Kind::txt)->texts, ElementsAre("behind it"));
}

TEST_F(NameLookupTest, AbsenceIsAnEmptyAnswerAndAFailureIsNot) {
  NameLookup names(options());
  for (const char* text : {"no-texts.test", "nowhere.test"}) {
    const auto answer = look_up(names, text, Kind::txt);
    ASSERT_TRUE(answer) << text << ": " << answer.error().message();
    EXPECT_THAT(answer->texts, IsEmpty());
  }
  EXPECT_EQ(look_up(names, "failing.test", Kind::txt).error(), Errc::dns_failed);
  EXPECT_EQ(look_up(names, "loop.test", Kind::txt).error(), Errc::dns_malformed);
  EXPECT_EQ(look_up(names, "two..dots", Kind::txt).error(), Errc::dns_malformed);
}

TEST_F(NameLookupTest, HostNamesGoTheWayOfEveryOtherProgram) {
  NameLookup names(options());
  const auto answer = look_up(names, "localhost", Kind::a);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_THAT(answer->ip4, testing::Contains(dns::Ip4{std::byte{127}, {}, {}, std::byte{1}}));
  EXPECT_THAT(answer->ip6, IsEmpty());
  EXPECT_THAT(look_up(names, "192.0.2.7", Kind::a)->ip4, testing::SizeIs(1));
  EXPECT_THAT(look_up(names, "2001:db8::7", Kind::aaaa)->ip6, testing::SizeIs(1));
  EXPECT_THAT(look_up(names, "nowhere.invalid", Kind::a)->ip4, IsEmpty());
}

TEST_F(NameLookupTest, ASilentNameServerIsNotWaitedFor) {
  auto short_wait = options();
  short_wait.deadline = 100ms;
  NameLookup names(short_wait);
  EXPECT_EQ(look_up(names, "silent.test", Kind::txt).error(), Errc::timed_out);
  // Nor does it keep the other threads from answering.
  EXPECT_TRUE(look_up(names, "texts.test", Kind::txt));

  NameLookup patient(options());
  EXPECT_EQ(look_up(patient, "silent.test", Kind::txt).error(), Errc::dns_failed);
}

TEST_F(NameLookupTest, LookupsAreBounded) {
  auto few = options();
  few.query.server_seconds = 3;
  few.lookups_max = 2;
  few.deadline = 100ms;
  NameLookup names(few);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(look_up(names, "silent.test", Kind::txt).error(), Errc::timed_out);
  // Their callers have gone, but they hold their threads yet.
  EXPECT_EQ(look_up(names, "texts.test", Kind::txt).error(), Errc::limit_reached);
}

TEST_F(NameLookupTest, WhatNobodyWaitsForIsNotAsked) {
  auto one_thread = options();
  one_thread.query.server_seconds = 3;
  one_thread.threads_count = 1;
  one_thread.deadline = 100ms;
  {
    NameLookup names(one_thread);
    EXPECT_EQ(look_up(names, "silent.test", Kind::txt).error(), Errc::timed_out);
    EXPECT_EQ(look_up(names, "texts.test", Kind::txt).error(), Errc::timed_out);
  }
  EXPECT_EQ(server.questions_count(), 1);
}

TEST_F(NameLookupTest, ResolvesAnAddressToItsEnd) {
  NameLookup names(options());
  const auto address = resolve::Multiaddr::parse_text("/dnsaddr/boot.test");
  const auto found = test::run(context, names.resolve(*address));
  ASSERT_TRUE(found) << found.error().message();
  std::vector<std::string> texts;
  for (const auto& one : *found) texts.push_back(one.text());
  EXPECT_THAT(texts, ElementsAre("/ip4/192.0.2.1/tcp/4001/p2p/" + std::string(kId),
                                 "/ip4/127.0.0.1/tcp/4001/p2p/" + std::string(kId)));
  const auto nowhere = resolve::Multiaddr::parse_text("/dnsaddr/nowhere.test");
  EXPECT_EQ(test::run(context, names.resolve(*nowhere)).error(), Errc::not_found);
}

TEST_F(NameLookupTest, AResolutionEndsAtItsDeadline) {
  NameLookup names(options());
  const auto address = resolve::Multiaddr::parse_text("/dnsaddr/boot.test");
  const auto found = test::run(context, names.resolve(*address, {.deadline = 0ms}));
  EXPECT_EQ(found.error(), Errc::timed_out);
}

// The threads ring their callers on the callers' own executors.
TEST_F(NameLookupTest, ServesTheThreadsOfARuntime) {
  Runtime runtime(3);
  std::atomic<int> answered_count{0};
  {
    NameLookup names(options());
    const auto ask = [&](resolve::Lookup lookup) -> awaitable<void> {
      const auto answer = co_await names.look_up(std::move(lookup));
      EXPECT_TRUE(answer);
      if (++answered_count == 30) runtime.stop();
    };
    const resolve::Lookup lookup{.id = 0, .name = "texts.test", .kind = Kind::txt};
    for (int i = 0; i < 30; ++i) spawn(runtime.context(i % 3).get_executor(), "ask", ask(lookup));
    runtime.run();
  }
  EXPECT_EQ(answered_count, 30);
}

}  // namespace
}  // namespace ghmesh::net
