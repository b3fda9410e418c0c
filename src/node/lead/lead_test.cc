// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>

#include "node/lead/place.h"
#include "node/lead/seat.h"
#include "node/lead/share_items.h"

namespace ghmesh::node {
namespace {

namespace fs = std::filesystem;

ShareItem item(const std::string& name, const std::string& record, std::int64_t said_at) {
  return {.name = name,
          .said_at = mesh::SharedAt(std::chrono::milliseconds(said_at)),
          .is_removal = record.empty(),
          .record = record.empty() ? nullptr : http::make_body(record)};
}

TEST(ShareItems, AreTheSameAfterTheyWereWritten) {
  const std::vector<ShareItem> items{item("one", "record", 1'790'000'000'000), item("two", "", -5),
                                     item(std::string(mesh::kSharedNameBytesMax, 'n'), "x", 0)};
  std::string body;
  std::size_t bytes = 0;
  for (const ShareItem& each : items) {
    append_share_item(body, each);
    bytes += share_item_bytes(each);
  }
  EXPECT_EQ(body.size(), bytes);
  EXPECT_EQ(*parse_share_items(body), items);
  EXPECT_TRUE(parse_share_items("")->empty());
}

TEST(ShareItems, AreRefusedWhenTheyAreCut) {
  std::string body;
  append_share_item(body, item("name", "record", 1));
  for (std::size_t size = 1; size < body.size(); ++size)
    EXPECT_FALSE(parse_share_items(std::string_view(body).substr(0, size))) << size;
}

TEST(ShareItems, BeyondTheirLimitsAreRefused) {
  std::string body;
  append_share_item(body, item(std::string(mesh::kSharedNameBytesMax + 1, 'n'), "x", 1));
  EXPECT_EQ(parse_share_items(body).error(), Errc::too_large);
  EXPECT_EQ(parse_share_items(std::string(kShareItemsBytesMax + 1, 'x')).error(), Errc::too_large);
  body.clear();
  append_share_item(body, item("", "x", 1));
  EXPECT_EQ(parse_share_items(body).error(), Errc::malformed);
}

TEST(LeaderStatus, IsTheSameAfterItWasWritten) {
  const LeaderStatus status{.rank = LeadRank::daemon,
                            .process = 4711,
                            .is_swarm_on = true,
                            .swarm = "abcd-efgh-ijkl-mnop",
                            .peer_id = "12D3KooW",
                            .addresses = {"/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/2"},
                            .peers_count = 3};
  EXPECT_EQ(*parse_leader_status(write_leader_status(status)), status);
  EXPECT_EQ(*parse_leader_status(write_leader_status({})), LeaderStatus());
  // A newer leader says more.
  EXPECT_EQ(*parse_leader_status("mood good\n" + write_leader_status(status)), status);
  for (const char* wrong : {"rank 0\n", "rank 4\n", "rank\n", "process -1\n", "peers x\n"})
    EXPECT_EQ(parse_leader_status(wrong).error(), Errc::malformed) << wrong;
}

class LeadTest : public ::testing::Test {
 protected:
  LeadTest() {
    std::string name = (fs::temp_directory_path() / "lead_XXXXXX").string();
    folder = mkdtemp(name.data());
    for (const char* each : {"state", "cache", "other"}) fs::create_directory(folder / each);
  }
  ~LeadTest() override { fs::remove_all(folder); }
  LeadPlace place(const std::string& cache) const {
    return lead_place_of((folder / "state").string(), (folder / cache).string());
  }
  fs::path folder;
};

TEST_F(LeadTest, AnotherCacheDirectoryIsAnotherPlaceAndALinkIsTheSame) {
  EXPECT_NE(place("cache").lock, place("other").lock);
  EXPECT_NE(place("cache").mesh_state, place("other").mesh_state);
  fs::create_symlink(folder / "cache", folder / "link");
  EXPECT_EQ(place("link").socket, place("cache").socket);
}

TEST_F(LeadTest, ALongPathHasAShortSocket) {
  const fs::path deep = folder / std::string(120, 'd');
  fs::create_directory(deep);
  const LeadPlace made = lead_place_of(deep.string(), (folder / "cache").string());
  EXPECT_LT(made.socket.size(), sizeof(sockaddr_un::sun_path));
  EXPECT_TRUE(made.lock.starts_with(fs::canonical(deep).string()));
}

TEST_F(LeadTest, OneHasTheSeatUntilItIsDropped) {
  auto first = Seat::try_take(place("cache"));
  ASSERT_TRUE(first && *first);
  auto second = Seat::try_take(place("cache"));
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  auto elsewhere = Seat::try_take(place("other"));
  EXPECT_TRUE(elsewhere && *elsewhere);
  first->reset();
  second = Seat::try_take(place("cache"));
  EXPECT_TRUE(second && *second);
}

TEST_F(LeadTest, ALockThatIsNoFileOrALinkIsRefused) {
  fs::create_symlink(folder / "cache" / "elsewhere", place("cache").lock);
  EXPECT_FALSE(Seat::try_take(place("cache")));
  EXPECT_FALSE(fs::exists(folder / "cache" / "elsewhere"));
  ASSERT_EQ(::mkfifo(place("other").lock.c_str(), 0600), 0);
  EXPECT_EQ(Seat::try_take(place("other")).error(), Errc::store_unsafe);
}

TEST_F(LeadTest, WhereNobodyLeadsNobodyAnswers) {
  EXPECT_FALSE(ask_leader_status(place("cache")));
  EXPECT_FALSE(ask_leader_to_yield(place("cache"), LeadRank::daemon));
  EXPECT_FALSE(watch_leader(place("cache")));
}

}  // namespace
}  // namespace ghmesh::node
