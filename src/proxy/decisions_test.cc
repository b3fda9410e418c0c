// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/decisions.h"

#include <gtest/gtest.h>

#include <thread>

#include "proxy/catalog.h"
#include "proxy/explain.h"

namespace ghmesh::proxy {
namespace {

TEST(Decisions, AreTheLastOnesInOrderFromAllThreads) {
  Decisions decisions;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&] {
      Decision decision;
      for (int i = 0; i < 500; ++i) decisions.note(decision);
    });
  for (std::thread& thread : threads) thread.join();
  const auto last = decisions.last(kDecisionsMax);
  EXPECT_LE(last.size(), kDecisionsMax);
  EXPECT_EQ(last.front().number, 1999U);
  EXPECT_TRUE(std::ranges::is_sorted(last, std::ranges::greater(), &Decision::number));
  EXPECT_EQ(decisions.last(3).size(), 3U);
}

TEST(Decisions, HoldSoMuchOfATargetAndNoSecretOfIt) {
  Decision decision;
  decision.set_target(std::string(1000, 'x'));
  EXPECT_EQ(decision.target().size(), kDecisionTargetBytesMax);
  EXPECT_EQ(without_secrets("/x"), "/x");
  EXPECT_EQ(without_secrets("/x?page=2&Access_Token=abc&b"), "/x?page=2&Access_Token=...&b");
  EXPECT_EQ(without_secrets("/x?client_secret"), "/x?client_secret=...");
}

KnownEntry known(const CallerRef& caller, std::string key) {
  return {.caller = caller, .target = "/" + key, .route = "/x", .key = std::move(key)};
}

TEST(Catalog, NamesTheLatestFirstOfEachPrincipalAndForgetsTheOldest) {
  Catalog catalog;
  auto alice = std::make_shared<Caller>(), bob = std::make_shared<Caller>();
  bob->principal.id.fill(std::byte{1});
  catalog.note(known(alice, "a"));
  catalog.note(known(bob, "a"));
  catalog.note(known(alice, "b"));
  catalog.note(known(alice, "a"));
  const auto all = catalog.find([](const KnownEntry&) { return true; });
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].key, "a");
  EXPECT_EQ(all[1].key, "b");
  catalog.forget(known(alice, "a"));
  EXPECT_EQ(catalog.find([](const KnownEntry& each) { return each.key == "a"; }).size(), 1U);
  for (std::size_t i = 0; i < kCatalogEntriesMax; ++i) catalog.note(known(bob, std::to_string(i)));
  EXPECT_EQ(catalog.find([](const KnownEntry&) { return true; }).size(), kCatalogEntriesMax);
  EXPECT_TRUE(catalog.find([](const KnownEntry& each) { return each.key == "b"; }).empty());
}

TEST(Catalog, HoldsSoManyBytesOfNamesHoweverLongTheyAre) {
  Catalog catalog;
  const auto alice = std::make_shared<Caller>();
  for (int i = 0; i < 3000; ++i)
    catalog.note(known(alice, std::to_string(i) + std::string(8000, 'x')));
  const auto all = catalog.find([](const KnownEntry&) { return true; });
  EXPECT_LE(all.size() * 16'000, kCatalogBytesMax);
  EXPECT_GT(all.size(), 1000U);
  EXPECT_TRUE(all.front().key.starts_with("2999"));
}

TEST(Explanation, SaysInWhatKeysDifferAndWhatWouldHelp) {
  Explanation why;
  why.query = "page=2";
  why.media_type = "m";
  EXPECT_TRUE(differences_of("/x?page=2", "m", "", true, why).empty());
  EXPECT_EQ(differences_of("/x", "n", "v", false, why),
            (std::vector<std::string_view>{"query", "media type", "API version", "principal"}));
  why.validator = Validator::none;
  EXPECT_EQ(say_what_happens(why), "GitHub is asked, which costs one call");
  why.near.push_back({.differences = {"query", "principal"}});
  EXPECT_EQ(say_what_would_help(why),
            "the nearest entry differs in its query and principal: asked in the same way it would "
            "have been a hit");
  why.held = Explanation::Held{.age = Seconds(70), .ttl = Seconds(60)};
  EXPECT_EQ(say_what_would_help(why),
            "within 60 s of the last proof, which is 70 s old, it would have been a hit");
  why.action = Action::serve;
  EXPECT_EQ(say_what_would_help(why), "");
}

}  // namespace
}  // namespace ghmesh::proxy
