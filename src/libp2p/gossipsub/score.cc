// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/score.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace ghmesh::gossipsub {
namespace {

using multiformats::PeerId;

// An application that gives more than this means "for ever"; sums stay finite.
constexpr double kApplicationMax = 1e6;

double squared(double value) { return value * value; }

}  // namespace

Scores::Scores(const Options& options, Instant now)
    : scoring_(options.scoring),
      retained_max_(options.limits.retained_scores_max),
      decayed_at_(now) {}

void Scores::add_topic(std::size_t topic, const TopicScore& parameters) {
  if (topic >= topics_.size()) topics_.resize(topic + 1);
  topics_[topic] = parameters;
  for (auto& [peer, card] : cards_) card.topics.resize(topics_.size());
}

void Scores::remove_topic(std::size_t topic) {
  for (auto& [peer, card] : cards_) card.topics[topic] = {};
}

ScoreCard& Scores::connected(const PeerId& peer, const std::string& ip_group) {
  const auto [found, is_new] = cards_.try_emplace(peer);
  ScoreCard& card = found->second;
  if (is_new) card.topics.resize(topics_.size());
  else if (!card.is_connected) --retained_;
  if (card.is_connected) leave_group(card);
  card.is_connected = true;
  card.ip_group = ip_group;
  if (!ip_group.empty()) ++groups_[ip_group];
  return card;
}

void Scores::disconnected(const PeerId& peer, Instant now) {
  const auto found = cards_.find(peer);
  GHMESH_CHECK(found != cards_.end() && found->second.is_connected);
  ScoreCard& card = found->second;
  leave_group(card);
  card.is_connected = false;
  card.gone_at = now;
  for (std::size_t topic = 0; topic < topics_.size(); ++topic) {
    pruned(card, topic, now);
    card.topics[topic].first_deliveries = 0;
  }
  const bool has_nothing_to_keep =
      card.behaviour == 0 && std::ranges::all_of(card.topics, [](const ScoreCard::Topic& topic) {
        return topic.invalid == 0 && topic.mesh_failures == 0;
      });
  if (score(card, now) > 0 || (has_nothing_to_keep && card.application >= 0)) {
    cards_.erase(found);
    return;
  }
  ++retained_;
  if (retained_ > retained_max_) forget_longest_gone();
}

void Scores::leave_group(const ScoreCard& card) {
  const auto group = groups_.find(card.ip_group);
  if (group != groups_.end() && --group->second == 0) groups_.erase(group);
}

void Scores::forget_longest_gone() {
  auto longest = cards_.end();
  for (auto card = cards_.begin(); card != cards_.end(); ++card)
    if (!card->second.is_connected &&
        (longest == cards_.end() || card->second.gone_at < longest->second.gone_at))
      longest = card;
  cards_.erase(longest);
  --retained_;
}

const ScoreCard* Scores::find(const PeerId& peer) const {
  const auto found = cards_.find(peer);
  return found == cards_.end() ? nullptr : &found->second;
}

bool Scores::is_deficient(const TopicScore& parameters, const ScoreCard::Topic& topic,
                          Instant now) const {
  return topic.is_in_mesh && now - topic.grafted_at >= parameters.mesh_deliveries_activation &&
         topic.mesh_deliveries < parameters.mesh_deliveries_threshold;
}

double Scores::topic_score(const TopicScore& parameters, const ScoreCard::Topic& topic,
                           Instant now) const {
  double sum = 0;
  if (topic.is_in_mesh) {
    const double quanta = static_cast<double>((now - topic.grafted_at).count()) /
                          static_cast<double>(parameters.mesh_time_quantum.count());
    sum += parameters.mesh_time_weight * std::min(quanta, parameters.mesh_time_max);
  }
  sum += parameters.first_deliveries_weight * topic.first_deliveries;
  if (is_deficient(parameters, topic, now))
    sum += parameters.mesh_deliveries_weight *
           squared(parameters.mesh_deliveries_threshold - topic.mesh_deliveries);
  sum += parameters.mesh_failures_weight * topic.mesh_failures;
  sum += parameters.invalid_weight * squared(topic.invalid);
  return parameters.weight * sum;
}

double Scores::colocation(const ScoreCard& card) const {
  if (!card.is_connected || allowed_groups_.contains(card.ip_group)) return 0;
  const auto group = groups_.find(card.ip_group);
  if (group == groups_.end() || group->second <= scoring_.colocation_threshold) return 0;
  return squared(static_cast<double>(group->second - scoring_.colocation_threshold));
}

double Scores::score(const ScoreCard& card, Instant now) const {
  double sum = 0;
  for (std::size_t topic = 0; topic < topics_.size(); ++topic)
    sum += topic_score(topics_[topic], card.topics[topic], now);
  sum = std::min(sum, scoring_.topics_max);
  sum += scoring_.application_weight * card.application;
  sum += scoring_.colocation_weight * colocation(card);
  if (card.behaviour > scoring_.behaviour_threshold)
    sum += scoring_.behaviour_weight * squared(card.behaviour - scoring_.behaviour_threshold);
  return sum;
}

void Scores::grafted(ScoreCard& card, std::size_t topic, Instant now) {
  ScoreCard::Topic& counters = card.topics[topic];
  counters.is_in_mesh = true;
  counters.grafted_at = now;
  counters.mesh_deliveries = 0;
}

void Scores::pruned(ScoreCard& card, std::size_t topic, Instant now) {
  ScoreCard::Topic& counters = card.topics[topic];
  const TopicScore& parameters = topics_[topic];
  if (is_deficient(parameters, counters, now))
    counters.mesh_failures +=
        squared(parameters.mesh_deliveries_threshold - counters.mesh_deliveries);
  counters.is_in_mesh = false;
}

void Scores::delivered_first(ScoreCard& card, std::size_t topic) {
  ScoreCard::Topic& counters = card.topics[topic];
  counters.first_deliveries =
      std::min(counters.first_deliveries + 1, topics_[topic].first_deliveries_max);
  delivered_again(card, topic);
}

void Scores::delivered_again(ScoreCard& card, std::size_t topic) {
  ScoreCard::Topic& counters = card.topics[topic];
  if (counters.is_in_mesh)
    counters.mesh_deliveries =
        std::min(counters.mesh_deliveries + 1, topics_[topic].mesh_deliveries_max);
}

void Scores::delivered_invalid(ScoreCard& card, std::size_t topic) {
  card.topics[topic].invalid += 1;
}

void Scores::set_application(ScoreCard& card, double score) {
  card.application = std::isnan(score) ? 0 : std::clamp(score, -kApplicationMax, kApplicationMax);
}

void Scores::decay(Instant now) {
  const auto intervals = (now - decayed_at_) / scoring_.decay_interval;
  if (intervals <= 0) return;
  decayed_at_ += intervals * scoring_.decay_interval;
  const auto shrink = [&](double& counter, double decay) {
    if (counter == 0) return;
    counter *= std::pow(decay, static_cast<double>(intervals));
    if (counter < scoring_.decay_to_zero) counter = 0;
  };
  for (auto found = cards_.begin(); found != cards_.end();) {
    ScoreCard& card = found->second;
    if (!card.is_connected && now - card.gone_at >= scoring_.retain) {
      found = cards_.erase(found);
      --retained_;
      continue;
    }
    for (std::size_t topic = 0; topic < topics_.size(); ++topic) {
      const TopicScore& parameters = topics_[topic];
      ScoreCard::Topic& counters = card.topics[topic];
      shrink(counters.first_deliveries, parameters.first_deliveries_decay);
      shrink(counters.mesh_deliveries, parameters.mesh_deliveries_decay);
      shrink(counters.mesh_failures, parameters.mesh_failures_decay);
      shrink(counters.invalid, parameters.invalid_decay);
    }
    shrink(card.behaviour, scoring_.behaviour_decay);
    ++found;
  }
}

}  // namespace ghmesh::gossipsub
