// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/settings.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "node/values.h"

namespace ghmesh::node {
namespace {

template <class Enum>
struct Choice {
  std::string_view word;
  Enum value;
};

constexpr std::array kDurabilities{
    Choice<cache::Durability>{"fast", cache::Durability::fast},
    Choice<cache::Durability>{"durable", cache::Durability::durable}};
constexpr std::array kCandidates{Choice<Candidates>{"memory", Candidates::memory},
                                 Choice<Candidates>{"disk", Candidates::disk},
                                 Choice<Candidates>{"off", Candidates::off}};
constexpr std::array kTrusts{Choice<Trust>{"swarm", Trust::swarm},
                             Choice<Trust>{"verify", Trust::verify}};
constexpr std::array kLevels{
    Choice<log::Level>{"trace", log::Level::trace}, Choice<log::Level>{"debug", log::Level::debug},
    Choice<log::Level>{"info", log::Level::info},   Choice<log::Level>{"warn", log::Level::warn},
    Choice<log::Level>{"error", log::Level::error}, Choice<log::Level>{"off", log::Level::off}};

template <class Choices>
auto parse_choice(const Choices& choices, std::string_view text) {
  std::string words;
  for (const auto& choice : choices) {
    if (choice.word == text) return choice.value;
    words += (words.empty() ? "" : ", ") + std::string(choice.word);
  }
  throw ConfigError("\"" + std::string(text) + "\" is not one of " + words);
}

template <class Choices, class Enum>
std::string show_choice(const Choices& choices, Enum value) {
  for (const auto& choice : choices)
    if (choice.value == value) return as_toml(choice.word);
  GHMESH_CHECK(false);
  return {};
}

constexpr std::string_view kHosts =
    "github.com,*.github.com,*.githubusercontent.com,*.blob.core.windows.net";

const std::array kSettings{
    Setting{"socket", "PATH", "", "$XDG_RUNTIME_DIR/ghmesh/gh.sock",
            "The unix socket that gh uses (gh config set http_unix_socket PATH). Created with mode "
            "0600.",
            &Config::socket, normalise_socket},
    Setting{"listen", "ADDRESS", "", "none",
            "A TCP address for clients that take a base URL, such as 127.0.0.1:8418. May be given "
            "several times.",
            &Config::listen, normalise_address},
    Setting{
        "admin", "PATH|ADDRESS", "", "admin.sock beside the socket",
        "Where health, metrics and statistics are: a unix socket, or a TCP address on loopback.",
        &Config::admin, normalise_admin},
    Setting{"host_names", "HOST", "", "none",
            "A further name, with its port, that requests on TCP may call us by; others than the "
            "addresses and localhost are "
            "refused. May be given several times.",
            &Config::host_names, normalise_authority},
    Setting{"allow_remote", "", "false", "",
            "Let `listen` name an address that other machines reach. Tokens then cross the network "
            "unencrypted.",
            &Config::allow_remote, nullptr},
    Setting{"upstream", "URL", "https://api.github.com", "",
            "The API that is cached. Plain http:// only on loopback.", &Config::upstream,
            normalise_upstream},
    Setting{"upstream_proxy", "URL", "", "none",
            "An HTTP proxy on the way to the upstream. HTTPS_PROXY is not read.",
            &Config::upstream_proxy, normalise_proxy},
    Setting{"ca_file", "FILE", "", "the system's", "The certificates to trust, in PEM.",
            &Config::ca_file, normalise_path},
    Setting{"http1_only", "", "false", "", "Speak HTTP/1.1 to the upstream, never HTTP/2.",
            &Config::http1_only, nullptr},
    Setting{"upstream_concurrent", "COUNT", "90", "",
            "Requests to the upstream at once; GitHub allows 100.", &Config::upstream_concurrent,
            normalise_count<1, 1000>},
    Setting{"allow_hosts", "HOST", kHosts, "",
            "A host that requests on the socket may go to, besides the API: `name`, `*.name` for "
            "all below it, or "
            "`name=https://origin` for one of your own. May be given several times.",
            &Config::allow_hosts, normalise_allowed_host},
    Setting{"cache_dir", "DIR", "", "$XDG_CACHE_HOME/ghmesh", "Where entries are kept, sealed.",
            &Config::cache_dir, normalise_path},
    Setting{"state_dir", "DIR", "", "$XDG_STATE_HOME/ghmesh",
            "Where this installation's own secrets are.", &Config::state_dir, normalise_path},
    Setting{"durability", "fast|durable", "fast", "",
            "When an entry counts as kept: readable by this node, or synced to the disk. A crash "
            "may lose the last "
            "milliseconds of `fast`.",
            &Config::durability, nullptr},
    Setting{"disk_size", "SIZE", "1GiB", "", "The most that the store takes on disk.",
            &Config::disk_size, normalise_size},
    Setting{"memory_size", "SIZE", "256MiB", "", "The most that entries take in memory.",
            &Config::memory_size, normalise_size},
    Setting{"candidates", "memory|disk|off", "memory", "",
            "Where bodies are remembered so that another credential can prove them with a free "
            "304. `disk` survives a "
            "restart, but whoever reads cache_dir and state_dir can then read them.",
            &Config::candidates, nullptr},
    Setting{
        "share_public", "", "false", "",
        "Serve what is proven public to every caller of this daemon, without a proof of their own.",
        &Config::share_public, nullptr},
    Setting{"stale_if_error", "", "false", "",
            "Serve private entries past their time when the upstream cannot be reached, although "
            "access may have been "
            "revoked meanwhile.",
            &Config::stale_if_error, nullptr},
    Setting{"stale_while_revalidate", "SECONDS", "0", "",
            "So long past its time an answer is served at once, marked as stale, while GitHub is "
            "asked behind; not pulls, checks, references and runs, nor where the caller wants it "
            "newer. 0 is never.",
            &Config::stale_while_revalidate, normalise_count<0, 86'400>},
    Setting{"offline", "", "false", "",
            "Ask nobody upstream: what is held is served, however old, with its age; the rest is "
            "refused with 504.",
            &Config::offline, nullptr},
    Setting{"webhook_secret_file", "FILE", "", "none",
            "The secret of GitHub's webhooks, for `POST /webhooks/github` on the admin side; "
            "others must not be able to read the file.",
            &Config::webhook_secret_file, normalise_path},
    Setting{
        "swarm_secret_file", "FILE", "", "none",
        "The secret that makes this node one of a swarm, as `ghmesh swarm new` prints it; others "
        "must not be able to read the file. Stronger than GHMESH_SWARM_SECRET, than the "
        "credential of systemd, and than what `ghmesh swarm join` keeps.",
        &Config::swarm_secret_file, normalise_path},
    Setting{
        "swarm_from_token", "", "false", "",
        "Without any other secret, make a swarm of all nodes that have the token of GH_TOKEN or "
        "GITHUB_TOKEN.",
        &Config::swarm_from_token, nullptr},
    Setting{
        "p2p_listen", "MULTIADDR", "/ip4/127.0.0.1/tcp/0", "",
        "Where peers of the swarm reach this node, such as /ip4/0.0.0.0/tcp/4001; port 0 takes a "
        "free one. Nothing listens without a swarm secret. May be given several times.",
        &Config::p2p_listen, normalise_listen_multiaddr},
    Setting{
        "peer", "MULTIADDR", "", "none",
        "A peer to speak to, such as /ip4/192.0.2.1/tcp/4001, with /p2p/ID to accept nobody else "
        "there. May be given several times.",
        &Config::peers, normalise_peer_multiaddr},
    Setting{"trust", "swarm|verify", "swarm", "",
            "What is believed of peers: `swarm` serves what they fetched for the same principal "
            "while it is fresh; `verify` serves nothing of theirs before a free 304 has proven it.",
            &Config::trust, nullptr},
    Setting{"mdns", "", "false", "",
            "Find peers on the local network, and be found there: everybody on it sees that a node "
            "is here.",
            &Config::mdns, nullptr},
    Setting{
        "peer_directory", "DIR", "", "none",
        "A directory that nodes share: each writes its addresses there, sealed, and reads those "
        "of the others.",
        &Config::peer_directory, normalise_path},
    Setting{
        "peer_list_file", "FILE", "", "none",
        "A sealed list of peers, read at the start and kept up to date, for actions/cache or an "
        "artifact to carry to the next machine.",
        &Config::peer_list_file, normalise_path},
    Setting{
        "mesh_memory", "SIZE", "64MiB", "",
        "The most memory that entries of peers take; they never push out what this node fetched.",
        &Config::mesh_memory, normalise_size},
    Setting{"threads", "COUNT", "", "one per processor, at most 8", "Threads that serve requests.",
            &Config::threads, normalise_count<1, 256>},
    Setting{"connections", "COUNT", "10000", "", "Client connections at once; more get 503.",
            &Config::connections, normalise_count<1, 1'000'000>},
    Setting{"log_level", "LEVEL", "info", "",
            "trace, debug, info, warn, error or off. Logs go to stderr.", &Config::log_level,
            nullptr},
};

}  // namespace

std::span<const Setting> all_settings() { return kSettings; }

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find(kSettings, key, &Setting::key);
  return found == kSettings.end() ? nullptr : &*found;
}

std::string_view nearest_setting(std::string_view key) {
  std::string_view nearest;
  // A word that differs in more than a third of its letters is another word.
  std::size_t best = std::max<std::size_t>(key.size() / 3, 2) + 1;
  for (const Setting& setting : kSettings) {
    const std::size_t distance = edit_distance(key, setting.key);
    if (distance < best) {
      best = distance;
      nearest = setting.key;
    }
  }
  return nearest;
}

std::string flag_of(std::string_view key) {
  std::string flag = "--" + std::string(key);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

std::string variable_of(std::string_view key) {
  std::string name = "GHMESH_" + std::string(key);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return name;
}

void assign(Config& config, const Setting& setting, const std::vector<std::string>& values,
            const ValueContext& context) {
  std::vector<std::string> checked;
  for (const std::string& value : values) {
    if (value.size() > kValueBytesMax) throw ConfigError("the value is too long");
    checked.push_back(setting.normalise ? setting.normalise(value, context) : value);
  }
  if (const auto* list = std::get_if<std::vector<std::string> Config::*>(&setting.member)) {
    config.*(*list) = std::move(checked);
    return;
  }
  if (checked.size() != 1)
    throw ConfigError("takes one value, not " + std::to_string(checked.size()));
  const std::string& text = checked.front();
  if (const auto* member = std::get_if<std::string Config::*>(&setting.member))
    config.*(*member) = text;
  else if (const auto* flag = std::get_if<bool Config::*>(&setting.member))
    config.*(*flag) = parse_switch(text);
  else if (const auto* number = std::get_if<std::uint64_t Config::*>(&setting.member))
    config.*(*number) = parse_size(text);
  else if (const auto* durability = std::get_if<cache::Durability Config::*>(&setting.member))
    config.*(*durability) = parse_choice(kDurabilities, text);
  else if (const auto* candidates = std::get_if<Candidates Config::*>(&setting.member))
    config.*(*candidates) = parse_choice(kCandidates, text);
  else if (const auto* trust = std::get_if<Trust Config::*>(&setting.member))
    config.*(*trust) = parse_choice(kTrusts, text);
  else config.*std::get<log::Level Config::*>(setting.member) = parse_choice(kLevels, text);
}

std::string show(const Config& config, const Setting& setting) {
  if (const auto* list = std::get_if<std::vector<std::string> Config::*>(&setting.member))
    return as_toml(config.*(*list));
  if (const auto* member = std::get_if<std::string Config::*>(&setting.member))
    return as_toml(config.*(*member));
  if (const auto* flag = std::get_if<bool Config::*>(&setting.member))
    return config.*(*flag) ? "true" : "false";
  if (const auto* number = std::get_if<std::uint64_t Config::*>(&setting.member))
    return setting.normalise == normalise_size ? as_toml(write_size(config.*(*number)))
                                               : std::to_string(config.*(*number));
  if (const auto* durability = std::get_if<cache::Durability Config::*>(&setting.member))
    return show_choice(kDurabilities, config.*(*durability));
  if (const auto* candidates = std::get_if<Candidates Config::*>(&setting.member))
    return show_choice(kCandidates, config.*(*candidates));
  if (const auto* trust = std::get_if<Trust Config::*>(&setting.member))
    return show_choice(kTrusts, config.*(*trust));
  return show_choice(kLevels, config.*std::get<log::Level Config::*>(setting.member));
}

}  // namespace ghmesh::node
