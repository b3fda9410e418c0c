// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "swarm_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace ghmesh::app {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPeers = R"({
  "self": {"id": "12D3KooWselfself", "swarm": "abcd-efgh-ijkl-mnop", "trust": "swarm",
           "addresses": ["/ip4/127.0.0.1/tcp/4001"]},
  "peers": [
    {"id": "12D3KooWaaaaaaaa", "addresses": ["/ip4/192.0.2.1/tcp/4001"], "direction": "out",
     "agent": "ghmesh/0.1.0", "rtt_ms": 0.84, "admitted": true, "connected_s": 7300, "heard": 1200,
     "served": 40, "proven": 3, "refuted": 0, "refused": {}, "suspicion": 0.0, "expelled_until": null},
    {"id": "12D3KooWbbbbbbbb", "addresses": [], "direction": "in", "agent": "", "rtt_ms": 31,
     "admitted": true, "connected_s": 5, "heard": 7, "served": 0, "proven": 0, "refuted": 1,
     "refused": {"replay": 2, "future": 10}, "suspicion": 0.25, "expelled_until": null},
    {"id": "12D3KooWcccccccc", "addresses": [], "direction": "in", "agent": "", "rtt_ms": null,
     "admitted": false, "connected_s": 1, "heard": 0, "served": 0, "proven": 0, "refuted": 0,
     "refused": {}, "suspicion": 1.0, "expelled_until": 1600}]})";

TEST(PeersText, IsATable) {
  EXPECT_EQ(
      peers_text(json::parse(kPeers), 1000),
      "node   12D3KooWselfself\n"
      "swarm  abcd-efgh-ijkl-mnop\n"
      "trust  swarm\n"
      "at     /ip4/127.0.0.1/tcp/4001\n"
      "\n"
      "PEER      WAY     RTT  SINCE  HEARD  SERVED  PROVEN  REFUTED  REFUSED  STATE\n"
      "aaaaaaaa  out  0.8 ms    2 h   1200      40       3        0        0  member\n"
      "bbbbbbbb  in    31 ms    5 s      7       0       0        1       12  member, suspicion 25 "
      "%\n"
      "cccccccc  in        -    1 s      0       0       0        0        0  expelled for 10 min\n"
      "\n"
      "aaaaaaaa  12D3KooWaaaaaaaa  ghmesh/0.1.0\n"
      "          /ip4/192.0.2.1/tcp/4001\n"
      "bbbbbbbb  12D3KooWbbbbbbbb\n"
      "          refused 2: replay\n"
      "          refused 10: future\n"
      "cccccccc  12D3KooWcccccccc\n");
}

TEST(PeersText, SaysThatThereAreNone) {
  json::value report = json::parse(kPeers);
  report.at("peers").as_array().clear();
  EXPECT_THAT(peers_text(report, 0), testing::EndsWith("tcp/4001\n\nno peers\n"));
}

TEST(PeersText, LetsNoPeerMoveTheCursor) {
  json::value report = json::parse(kPeers);
  report.at("peers").at(0).as_object()["agent"] = "\x1b[2J\r\n\xe2\x80\xae evil";
  report.at("peers").at(1).as_object()["refused"] = json::object{{"\x1b]0;x\x07", 1}};
  const std::string text = peers_text(report, 0);
  EXPECT_THAT(text, HasSubstr("?[2J????? evil"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\x07")));
}

TEST(PeersText, CutsWhatIsLong) {
  json::value report = json::parse(kPeers);
  report.at("peers").at(0).as_object()["agent"] = std::string(5000, 'a');
  EXPECT_LT(peers_text(report, 0).size(), 2000u);
}

TEST(PeersText, RefusesAnotherShape) {
  for (std::string_view text :
       {"{}", "[]", R"({"self":{},"peers":[]})", R"({"self":1,"peers":[]})"})
    EXPECT_ANY_THROW(peers_text(json::parse(text), 0)) << text;
  json::value report = json::parse(kPeers);
  report.at("peers").at(0).as_object().erase("heard");
  EXPECT_ANY_THROW(peers_text(report, 0));
}

constexpr std::string_view kStats = R"({
  "nodes": [{"id": "12D3KooWaaaaaaaa", "self": true, "requests": 1000, "calls_saved": 990,
             "calls_charged": 10, "peer_hits": 400, "hit_rate": 0.99},
            {"id": "12D3KooWbbbbbbbb", "self": false, "requests": 0, "calls_saved": 0,
             "calls_charged": 0, "peer_hits": 0, "hit_rate": 0}],
  "total": {"requests": 1000, "calls_saved": 990, "calls_charged": 10, "peer_hits": 400, "hit_rate": 0.99},
  "budgets": [{"tag": "0a0b0c0d", "resource": "core", "limit": 5000, "remaining": 4990, "reset": 2200}]})";

TEST(SwarmStatsText, IsATable) {
  EXPECT_EQ(swarm_stats_text(json::parse(kStats), 1000),
            "NODE             REQUESTS  SAVED  SAVED %  CHARGED  FROM PEERS\n"
            "aaaaaaaa (this)      1000    990     99 %       10         400\n"
            "bbbbbbbb                0      0      0 %        0           0\n"
            "all                  1000    990     99 %       10         400\n"
            "\n"
            "PRINCIPAL  RESOURCE  LEFT    OF  RENEWED IN\n"
            "0a0b0c0d   core      4990  5000      20 min\n");
}

TEST(SwarmStatsText, LeavesOutBudgetsThatNobodyKnows) {
  json::value report = json::parse(kStats);
  report.at("budgets").as_array().clear();
  EXPECT_THAT(swarm_stats_text(report, 0), Not(HasSubstr("PRINCIPAL")));
  EXPECT_ANY_THROW(swarm_stats_text(json::parse("{}"), 0));
}

}  // namespace
}  // namespace ghmesh::app
