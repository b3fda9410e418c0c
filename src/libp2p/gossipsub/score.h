// SPDX-License-Identifier: Apache-2.0 OR MIT
// What each peer has earned: seven counters P1 to P7 and the number that is made of them (gossipsub-v1.1.md, "The Score
// Function"). Private to the room. Parameters and their reasons: options.h.
//
// A peer that leaves in good standing is forgotten; one that leaves with a score of 0 or less keeps what it did for
// Scoring::retain, so that a new connection is no new beginning. As many as Limits::retained_scores_max are kept; then
// the one that has been gone longest is forgotten.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "libp2p/gossipsub/options.h"
#include "multiformats/peer_id.h"

namespace ghmesh::gossipsub {

// One peer's counters. Owned by Scores, stable until the peer is forgotten.
struct ScoreCard {
  struct Topic {
    bool is_in_mesh = false;
    Instant grafted_at{};
    double first_deliveries = 0;
    double mesh_deliveries = 0;
    double mesh_failures = 0;
    double invalid = 0;
  };
  std::vector<Topic> topics;
  double application = 0;
  double behaviour = 0;
  std::string ip_group;
  bool is_connected = false;
  Instant gone_at{};
};

class Scores {
 public:
  Scores(const Options& options, Instant now);

  ScoreCard& connected(const multiformats::PeerId& peer, const std::string& ip_group);
  void disconnected(const multiformats::PeerId& peer, Instant now);
  const ScoreCard* find(const multiformats::PeerId& peer) const;
  void allow_colocation(std::string ip_group) { allowed_groups_.insert(std::move(ip_group)); }

  double score(const ScoreCard& card, Instant now) const;

  // --- topics, by their place ---
  void add_topic(std::size_t topic, const TopicScore& parameters);
  // What everybody earned or lost there is forgotten.
  void remove_topic(std::size_t topic);

  // --- what peers do ---
  void grafted(ScoreCard& card, std::size_t topic, Instant now);
  void pruned(ScoreCard& card, std::size_t topic, Instant now);
  void delivered_first(ScoreCard& card, std::size_t topic);
  void delivered_again(ScoreCard& card, std::size_t topic);  // within the window
  void delivered_invalid(ScoreCard& card, std::size_t topic);
  void misbehaved(ScoreCard& card, double times) { card.behaviour += times; }
  void set_application(ScoreCard& card, double score);

  // Lets whole intervals of decay pass, and retained peers go.
  void decay(Instant now);
  std::size_t retained_count() const { return retained_; }

 private:
  using Cards = std::map<multiformats::PeerId, ScoreCard>;

  double topic_score(const TopicScore& parameters, const ScoreCard::Topic& topic,
                     Instant now) const;
  double colocation(const ScoreCard& card) const;
  bool is_deficient(const TopicScore& parameters, const ScoreCard::Topic& topic, Instant now) const;
  void leave_group(const ScoreCard& card);
  void forget_longest_gone();

  const Scoring scoring_;
  const std::size_t retained_max_;
  std::vector<TopicScore> topics_;
  Instant decayed_at_;
  Cards cards_;
  std::size_t retained_ = 0;
  std::map<std::string, std::size_t> groups_;  // connected peers of each
  std::set<std::string> allowed_groups_;
};

}  // namespace ghmesh::gossipsub
