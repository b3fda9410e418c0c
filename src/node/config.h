// SPDX-License-Identifier: Apache-2.0 OR MIT
// Config: every setting of a daemon, and where its value came from.
//
// One table (settings.cc) drives all sources and all descriptions, so they cannot disagree. Of several sources the
// first wins:
//   flag               --cache-dir DIR
//   environment        GHMESH_CACHE_DIR
//   configuration file cache_dir = "DIR", in the user's config.toml, then in /etc/ghmesh/config.toml;
//                      --config names another
//   default
// A list replaces the list of a weaker source. An unknown key or variable is an error that names its nearest neighbour;
// a bad value is an error that names its place. Both are exceptions: a daemon that was told something it does not
// understand does not start. Nothing here opens a socket or creates a directory.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "cache/cache.h"

namespace ghmesh::node {

// A configuration file larger than this is not one.
inline constexpr std::size_t kConfigFileBytesMax = 1 << 20;

using cache::Candidates;

// What is believed of peers: docs/CONFIGURATION.md, "A swarm".
enum class Trust : std::uint8_t {
  swarm,   // members are believed while an answer is fresh, for the same principal
  verify,  // nothing of theirs is served before GitHub proved it
};

// Holds a swarm secret, and so is no setting: nothing here reads, shows or keeps it (node/swarm_secret.h does).
inline constexpr std::string_view kSwarmSecretVariable = "GHMESH_SWARM_SECRET";

// Credentials that the operator declares to stand for one principal.
struct Group {
  std::string name;
  std::vector<std::string>
      audit_labels;  // base64(SHA-256(token)): "hashed_token" of GitHub's audit log
  std::vector<std::string>
      token_files;  // files with one token per line, read when the daemon starts
};

struct Config {
  std::string socket;                   // path of the unix socket that gh uses
  std::vector<std::string> listen;      // TCP addresses; none by default
  std::string admin;                    // "/path" or "127.0.0.1:9418"
  std::vector<std::string> host_names;  // more names of ours that a Host on TCP may say
  bool allow_remote = false;

  std::string upstream;  // "https://api.github.com": scheme and authority only
  std::string upstream_proxy;
  std::string ca_file;
  bool http1_only = false;
  std::uint64_t upstream_concurrent = 0;
  std::vector<std::string> allow_hosts;  // see proxy::AccessRules

  std::string cache_dir;
  std::string state_dir;
  cache::Durability durability = cache::Durability::fast;
  std::uint64_t disk_size = 0;
  std::uint64_t memory_size = 0;

  Candidates candidates = Candidates::memory;
  bool share_public = false;
  bool stale_if_error = false;
  std::uint64_t stale_while_revalidate = 0;  // seconds
  bool offline = false;
  std::string webhook_secret_file;
  std::vector<Group> groups;

  // The swarm. Without a secret there is none, and nothing of this has an effect.
  std::string swarm_secret_file;
  bool swarm_from_token = false;
  std::vector<std::string> p2p_listen;  // multiaddrs: /ip4 or /ip6, and /tcp
  std::vector<std::string> peers;       // multiaddrs to dial
  Trust trust = Trust::swarm;
  bool mdns = false;
  std::string peer_directory;
  std::string peer_list_file;
  std::uint64_t mesh_memory = 0;

  std::uint64_t threads = 0;  // at least 1 once loaded
  std::uint64_t connections = 0;
  log::Level log_level = log::Level::info;
};

// The node cannot start: a port is taken, a directory belongs to somebody else. The text says which.
class StartError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What surrounds the process, as a value: tests make their own.
struct Environment {
  std::vector<std::pair<std::string, std::string>> variables;
  std::string home;  // of the user database when HOME is not set; empty: none
  std::string working_directory;
  unsigned user = 0;
  bool has_run_user = false;  // /run/user/<user> exists and is this user's
  std::uint64_t processors_count = 1;

  static Environment of_process();
  // nullopt-like: empty when it is not set. An empty variable counts as not set, as the XDG specification asks.
  std::string get(std::string_view name) const;
};

// A flag that was given: its setting's key and its values, in order.
struct FlagValue {
  std::string key;
  std::vector<std::string> values;
};

// One line of `config list`.
struct SettingValue {
  std::string key;
  std::string value;  // as it would stand in the configuration file
  std::string
      origin;  // "default", "file /etc/ghmesh/config.toml:3", "environment GHMESH_SOCKET", "flag --socket"
};

struct LoadedConfig {
  Config config;
  std::vector<SettingValue> values;  // in the table's order; groups at the end
};

// Throws ConfigError.
LoadedConfig load_config(const std::vector<FlagValue>& flags, const Environment& environment);

// The files that are read when --config names none, the stronger first; those that do not exist are skipped.
std::vector<std::string> config_file_paths(const Environment& environment);

// The settings in the words of the manual. Both are generated from the table; tests hold the files of docs/ against
// them.
std::string settings_as_markdown();
std::string settings_as_man();

}  // namespace ghmesh::node
