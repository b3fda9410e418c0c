// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "api/swarm.h"

#include "api/crew_link.h"
#include "base/text.h"
#include "cache/fork_count.h"
#include "library/key.h"
#include "library/legacy_entry.h"
#include "library/validation.h"
#include "multiformats/multiaddr.h"
#include "node/lead/shared_store.h"
#include "node/legacy/legacy_node.h"

namespace ghmesh::api {
namespace {

[[noreturn]] void refuse(Failure failure, const std::string& reason) {
  throw std::system_error(make_error_code(failure), reason);
}

// A passphrase alone makes a swarm as well: one whose salt everybody knows, so it must be a good one.
mesh::SwarmSecret secret_of(const SecretText& given) {
  const crypto::Secret text{std::string_view(given.reveal())};
  auto secret = node::parse_swarm_input(text);
  if (!secret && secret.error() == Errc::swarm_secret_unknown)
    secret = mesh::SwarmSecret::from_passphrase(text, mesh::Invitation::common());
  if (!secret) refuse(Failure::malformed, secret.error().message());
  return *std::move(secret);
}

node::SwarmMembership membership_of(const SwarmOptions& options, const Places& places) {
  if (!options.secret.empty())
    return {.newest = secret_of(options.secret), .previous = std::nullopt, .source = "the options"};
  node::SwarmSources sources{.secret_file = options.secret_file,
                             .variable = {},
                             .credentials_directory = {},
                             .state_dir = places.state_directory,
                             .is_token_wanted = !options.token.empty(),
                             .token = crypto::Secret{std::string_view(options.token.reveal())},
                             .token_variable = "the options"};
  try {
    const WallTime now = read_clocks().wall;
    if (auto membership = node::load_swarm_secret(sources, now)) return *std::move(membership);
  } catch (const node::ConfigError& error) {
    refuse(Failure::malformed, error.what());
  }
  refuse(Failure::swarm_failed, "a swarm has a secret, and none is given");
}

void check_multiaddrs(const std::vector<std::string>& texts) {
  for (const std::string& text : texts)
    if (!multiformats::Multiaddr::parse_text(text))
      refuse(Failure::malformed, text + " is not a multiaddr");
}

// What the predecessor's nodes say counts as what a member says: the newer of two.
bool adopt(library::LocalCache& local, const library::LegacyEntry& entry) {
  const auto key = library::legacy_key(entry, library::legacy_stem(entry.joined_key));
  if (!key) return false;
  const std::string cid =
      entry.validation_fields.empty() ? "" : library::cid_of_canonical(entry.validation_fields);
  return local.adopt({.name = key->text(),
                      .data = entry.data,
                      .validation_fields = entry.validation_fields,
                      .validation_cid = cid,
                      .written_at = entry.written_at,
                      .ttl = entry.ttl});
}

std::unique_ptr<node::LegacyNode> open_legacy(const SwarmOptions& options,
                                              const std::shared_ptr<library::LocalCache>& local) {
  if (!options.speaks_legacy) return nullptr;
  check_multiaddrs(options.legacy_listen);
  check_multiaddrs(options.legacy_peers);
  const SecretText& secret = options.secret.empty() ? options.token : options.secret;
  if (secret.empty())
    refuse(Failure::swarm_failed, "the predecessor's nodes share a secret or a token");
  try {
    return std::make_unique<node::LegacyNode>(
        node::LegacyOptions{.secret = crypto::Secret{std::string_view(secret.reveal())},
                            .listen = options.legacy_listen,
                            .peers = options.legacy_peers},
        [local](const library::LegacyEntry& entry) { return adopt(*local, entry); });
  } catch (const std::runtime_error& error) {
    refuse(Failure::swarm_failed, error.what());
  }
}

class CrewSwarm final : public Swarm {
 public:
  CrewSwarm(std::shared_ptr<CrewLink> link, std::unique_ptr<node::LegacyNode> legacy,
            std::shared_ptr<library::LocalCache> local)
      : link_(std::move(link)), legacy_(std::move(legacy)), local_(std::move(local)) {}
  // In the child of a fork the parent's node is neither stopped nor freed.
  ~CrewSwarm() override {
    if (!is_legacy_here()) static_cast<void>(legacy_.release());
  }

  void tell(const library::Record& record, library::Change change) override {
    if (const auto crew = link_->here()) crew->share(node::share_item_of(record, change));
    if (!is_legacy_here() || change != library::Change::put) return;
    const auto key = library::parse_key(record.name);
    const auto value = local_->find(record.name);
    if (key && value) legacy_->send(*key, *value);
  }
  void fetch(std::string name, Milliseconds deadline, std::function<void(bool)> done) override {
    if (const auto crew = link_->here())
      return crew->recall(std::move(name), deadline, std::move(done));
    done(false);
  }
  void fill(CacheStats& stats) const override {
    if (is_legacy_here()) {
      stats.legacy_addresses = legacy_->addresses();
      stats.legacy_peers_count = legacy_->peers_count();
    }
    const auto crew = link_->here();
    if (!crew) return;
    const crew::Crew::Status status = crew->status();
    stats.is_swarm_on = status.is_swarm_on;
    stats.is_leading = status.is_leading;
    if (!status.is_swarm_on) return;
    stats.peers_count = status.leader.peers_count;
    stats.peer_id = status.leader.peer_id;
    stats.addresses = status.leader.addresses;
  }
  std::shared_ptr<CrewLink> link() const override { return link_; }
  void stop() override {
    if (is_legacy_here()) legacy_->stop();
    link_->stop();
  }

 private:
  bool is_legacy_here() const { return legacy_ && fork_count_ == cache::fork_count(); }

  const std::uint64_t fork_count_ = cache::fork_count();
  const std::shared_ptr<CrewLink> link_;
  std::unique_ptr<node::LegacyNode> legacy_;
  const std::shared_ptr<library::LocalCache> local_;
};

}  // namespace

std::shared_ptr<Swarm> open_swarm(const SwarmOptions& options, const Places& places,
                                  const std::shared_ptr<library::LocalCache>& local) {
  if (!options.is_on) return nullptr;
  check_multiaddrs(options.listen);
  check_multiaddrs(options.peers);
  auto membership = membership_of(options, places);
  try {
    return std::make_shared<CrewSwarm>(
        std::make_shared<CrewLink>(options, std::move(membership), places, local),
        open_legacy(options, local), local);
  } catch (const node::StartError& error) {
    refuse(Failure::swarm_failed, error.what());
  }
}

}  // namespace ghmesh::api
