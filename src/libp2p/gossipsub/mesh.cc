// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/mesh.h"

#include <algorithm>

namespace ghmesh::gossipsub {
namespace {

class Decision {
 public:
  Decision(std::vector<MeshPeer> candidates, const Options& options)
      : options_(options), candidates_(std::move(candidates)) {}

  void keep_good(const std::vector<MeshPeer>& members) {
    for (const MeshPeer& member : members) {
      if (member.score < 0) change_.prune_as_bad.push_back(member.key);
      else mesh_.push_back(member);
    }
  }

  void fill() {
    if (mesh_.size() >= options_.degree_low) return;
    graft(options_.degree - mesh_.size(), [](const MeshPeer&) { return true; });
  }

  // The best by score stay, the others by chance, and among them as many outbound ones as there should be: an attacker
  // chooses whom it dials, not who is dialed.
  void thin(Random& random) {
    if (mesh_.size() <= options_.degree_high) return;
    shuffle(mesh_, random);
    std::ranges::stable_sort(mesh_, std::ranges::greater(), &MeshPeer::score);
    const auto chance_begins =
        mesh_.begin() + static_cast<std::ptrdiff_t>(std::min(options_.degree_score, mesh_.size()));
    std::vector<MeshPeer> others(chance_begins, mesh_.end());
    shuffle(others, random);
    mesh_.erase(chance_begins, mesh_.end());

    std::size_t missing = options_.degree_outbound - std::min(options_.degree_outbound, outbound());
    std::stable_partition(others.begin(), others.end(), [&missing](const MeshPeer& peer) {
      if (!peer.is_outbound || missing == 0) return false;
      --missing;
      return true;
    });
    for (const MeshPeer& peer : others) {
      if (mesh_.size() < options_.degree) mesh_.push_back(peer);
      else change_.prune.push_back(peer.key);
    }
  }

  void fill_outbound() {
    if (mesh_.size() < options_.degree_low || outbound() >= options_.degree_outbound) return;
    graft(options_.degree_outbound - outbound(),
          [](const MeshPeer& peer) { return peer.is_outbound; });
  }

  void improve() {
    if (mesh_.size() < 2) return;
    std::vector<MeshPeer> by_score = mesh_;
    std::ranges::stable_sort(by_score, std::ranges::less(), &MeshPeer::score);
    const double median = by_score[by_score.size() / 2].score;
    if (median >= options_.scoring.opportunistic_graft_threshold) return;
    graft(options_.opportunistic_peers,
          [median](const MeshPeer& peer) { return peer.score > median; });
  }

  MeshChange take() { return std::move(change_); }

 private:
  std::size_t outbound() const {
    return static_cast<std::size_t>(std::ranges::count_if(mesh_, &MeshPeer::is_outbound));
  }

  template <class IsWanted>
  void graft(std::size_t count, IsWanted is_wanted) {
    std::erase_if(candidates_, [&](const MeshPeer& candidate) {
      if (count == 0 || !is_wanted(candidate)) return false;
      --count;
      mesh_.push_back(candidate);
      change_.graft.push_back(candidate.key);
      return true;
    });
  }

  const Options& options_;
  std::vector<MeshPeer> candidates_;
  std::vector<MeshPeer> mesh_;
  MeshChange change_;
};

}  // namespace

MeshChange decide_mesh(const std::vector<MeshPeer>& members, std::vector<MeshPeer> candidates,
                       const Options& options, bool is_opportunistic, Random& random) {
  shuffle(candidates, random);
  Decision decision(std::move(candidates), options);
  decision.keep_good(members);
  decision.fill();
  decision.thin(random);
  decision.fill_outbound();
  if (is_opportunistic) decision.improve();
  return decision.take();
}

}  // namespace ghmesh::gossipsub
