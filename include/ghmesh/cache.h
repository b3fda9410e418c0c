// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh::Cache: a persistent, encrypted cache of what GitHub's API answered, shared by every process that opens the
// same directory and, with a swarm, by every machine of it.
//
//   ghmesh::Cache cache;                                             // one per process; any thread may use it
//   cache.put({"get_repo_info", {"octocat/Hello-World"}}, json);     // durable within milliseconds
//   if (auto value = cache.get({"get_repo_info", {"octocat/Hello-World"}})) use(value->data());
//
// It owns its threads, so it needs no event loop of the caller's and never blocks one: get() and put() touch memory and
// a memory map, and are safe inside and outside of a running loop. What may wait exists twice: blocking with a
// deadline, and asynchronously with a callback, a std::future, or any completion token of Asio's (ghmesh/asio.h). After
// fork() the child goes on with a cache of its own opening; no call order, thread or fork of the host program deadlocks
// it.
//
// Everything here is thread-safe. Nothing but the standard library stands in this header. SemVer: what it declares only
// changes with the SOVERSION.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#define GHMESH_API __attribute__((visibility("default")))

namespace ghmesh {

using Milliseconds = std::chrono::milliseconds;
using SystemTime = std::chrono::system_clock::time_point;

// Why something did not happen. A std::error_code holds one: `if (ec == ghmesh::Failure::timed_out)`.
enum class Failure {
  timed_out = 1,  // the deadline has passed; it may still happen
  too_large,      // beyond kDataBytesMax, kKeyBytesMax or a limit of GitHub's
  malformed,      // not JSON where JSON is asked for, not a path, not a multiaddr, not a secret
  store_unsafe,   // the directory belongs to another user, or others may write to it
  store_failed,   // the disk is full, read-only or broken: the cache goes on from memory
  unreachable,    // GitHub does not answer
  closed,         // the cache was closed, or its process forked, before it happened
  swarm_failed,   // no secret, or the address cannot be listened on
};
GHMESH_API const std::error_category& failure_category() noexcept;
inline std::error_code make_error_code(Failure failure) noexcept {
  return {static_cast<int>(failure), failure_category()};
}

// Text that is not to be seen: it is wiped when it goes, and cannot be printed, compared or copied.
class GHMESH_API SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) noexcept;  // takes it over and wipes what it was given
  SecretText(SecretText&& other) noexcept;
  SecretText& operator=(SecretText&& other) noexcept;
  ~SecretText();
  SecretText clone() const;
  bool empty() const noexcept { return text_.empty(); }
  std::string_view reveal() const noexcept { return text_; }

 private:
  std::string text_;
};

// --- keys ---

inline constexpr std::size_t kKeyBytesMax = 16 * 1024;  // operation and arguments, with their names
inline constexpr std::size_t kDataBytesMax =
    8 * 1024 * 1024;  // of one value: GitHub's largest JSON answers

// An operation and its arguments. Inside, each part is written with its length, so ("a:b") and ("a", "b") differ; named
// arguments are put in the order of their names.
class GHMESH_API Key {
 public:
  Key(std::string operation, std::vector<std::string> arguments = {},
      std::vector<std::pair<std::string, std::string>> named = {});
  // As the Python predecessor wrote keys: "operation:argument:name=value". Ambiguous; for people, for prefixes and for
  // its directories.
  std::string joined() const;

  const std::string& operation() const noexcept { return operation_; }
  const std::vector<std::string>& arguments() const noexcept { return arguments_; }
  const std::vector<std::pair<std::string, std::string>>& named() const noexcept { return named_; }
  // What identifies it: "k1:" and length-prefixed parts. Two keys are the same when their texts are.
  const std::string& text() const noexcept { return text_; }

 private:
  std::string operation_;
  std::vector<std::string> arguments_;
  std::vector<std::pair<std::string, std::string>> named_;
  std::string text_;
};

// --- values ---

// What was put, immutable and shared: a copy costs a pointer, and data() lives as long as some copy does.
class GHMESH_API Value {
 public:
  std::string_view data() const noexcept;               // JSON, or whatever bytes were put
  SystemTime written_at() const noexcept;               // to the millisecond
  Milliseconds ttl() const noexcept;                    // fresh until written_at() + ttl()
  std::string_view validation_cid() const noexcept;     // of validation_fields(); empty: none
  std::string_view validation_fields() const noexcept;  // canonical JSON; empty: none
  bool is_of_peer() const noexcept;                     // a member of the swarm put it
  // Changes whenever the value does, within this process: for whoever keeps something made of it.
  std::uint64_t version() const noexcept;

  struct Impl;
  explicit Value(std::shared_ptr<const Impl> impl) noexcept : impl_(std::move(impl)) {}
  const std::shared_ptr<const Impl>& impl() const noexcept { return impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

// The fields of an answer that tell whether it has changed, by the family of its operation (repositories, issues, pull
// requests, comments, commits, releases, workflows, runners, branches, tags, deployments, checks), as canonical JSON:
// sorted keys, ", " and ": ", ASCII escapes. Empty where the family has none ("copilot_...") or `data` is not JSON.
GHMESH_API std::string validation_fields_of(std::string_view operation, std::string_view data);
// CIDv1, raw, sha2-256, base32, of the canonical form of this JSON. Empty: it is not JSON.
GHMESH_API std::string validation_cid_of(std::string_view json);

// --- the cache ---

// How a process takes part in a swarm. Of all processes on one directory one leads, and the others attach to it: what
// they say here of addresses and peers counts when they lead themselves. A daemon on the directory leads, with its own
// settings; if it is in no swarm, or in one of another secret, then this process is in none, and
// CacheStats::is_swarm_on says so.
struct SwarmOptions {
  bool is_on = false;
  // The text that `ghmesh swarm new` printed; that of an invitation, and its passphrase on the next line; or a
  // passphrase alone, which takes a tenth of a second. Empty: secret_file; then what `ghmesh swarm join` kept; then the
  // token below.
  SecretText secret;
  std::string secret_file;
  SecretText
      token;  // GitHub's: never leaves the process, nor does anything that an outsider could test
  std::vector<std::string> listen{"/ip4/127.0.0.1/tcp/0"};  // multiaddrs
  std::vector<std::string>
      peers;  // multiaddrs, with or without /p2p: the id is learned in the handshake
  bool discovers_locally = false;  // mDNS
  std::string peer_directory;      // shared by processes that should find each other; empty: none
  // Speak /github-cache/1.0.0 with nodes of the Python predecessor, on a host of this process's own. They prove nothing
  // but that they have the secret, or the token where there is no secret.
  bool speaks_legacy = false;
  std::vector<std::string> legacy_listen{"/ip4/127.0.0.1/tcp/0"};  // multiaddrs
  std::vector<std::string> legacy_peers;                           // multiaddrs
};

struct CacheOptions {
  // Empty: $GHMESH_CACHE_DIR, $XDG_CACHE_HOME/ghmesh, ~/.cache/ghmesh. Created 0700.
  std::string directory;
  // Of what seals it when there is no token. Empty: $GHMESH_STATE_DIR, $XDG_STATE_HOME/ghmesh, ~/.local/state/ghmesh.
  std::string state_directory;
  bool is_persistent = true;  // false: memory only, and of this object only
  // put() returns when it is on disk; otherwise it is there within milliseconds, and a crash may lose the last.
  bool is_durable = false;
  Milliseconds default_ttl{300'000};
  std::size_t entries_max = 0;  // 0: as many as fit into the bytes. The longest unused go first
  std::uint64_t disk_bytes_max = 1ull << 30;
  std::uint64_t memory_bytes_max = 32ull << 20;  // of values kept in memory as well
  SwarmOptions swarm;
};

struct PutOptions {
  std::optional<Milliseconds> ttl;  // none: CacheOptions::default_ttl
  // JSON; none: validation_fields_of() the data, if the operation's family has any.
  std::optional<std::string> validation_fields;
};
struct PutItem {
  Key key;
  std::string data;
  PutOptions options;
};

struct CacheStats {
  std::uint64_t hits = 0;       // all, those of peers' values too
  std::uint64_t peer_hits = 0;  // values that a member of the swarm had put
  std::uint64_t misses = 0;     // not there, expired, or other validation fields
  std::uint64_t expirations = 0, evictions = 0, puts = 0, stale_hits = 0;
  std::uint64_t entries_count = 0;  // in the directory, those of other processes too, fresh or not
  std::uint64_t disk_bytes = 0, memory_bytes = 0;
  bool is_on_disk = false;             // false: not asked for, or the directory cannot be used
  bool is_swarm_on = false;            // a host listens, here or in the process that leads
  bool is_leading = false;             // it is this process that does
  std::uint64_t peers_count = 0;       // members that are connected
  std::string peer_id;                 // of the host, "12D3KooW..."; empty: none
  std::vector<std::string> addresses;  // of the host, dialable
  std::vector<std::string> legacy_addresses;  // for the Python predecessor's nodes
  std::uint64_t legacy_peers_count = 0;       // of them that are connected
};

class GHMESH_API Cache {
 public:
  // With a swarm, the host listens when this returns, unless another process leads. Throws std::system_error:
  // store_unsafe, malformed, swarm_failed. A directory that cannot be used otherwise (read-only, full) leaves a cache
  // that works from memory and says so in stats().
  explicit Cache(CacheOptions options = {});
  ~Cache();  // closes
  Cache(Cache&&) noexcept;
  Cache& operator=(Cache&&) noexcept;

  // The value, if it is fresh and, where `validation_fields` (JSON) are given, was put with the same.
  std::optional<Value> get(const Key& key, std::string_view validation_fields = {}) const;
  // The value, fresh or not: for when GitHub cannot be asked.
  std::optional<Value> get_stale(const Key& key) const;
  // As get(); if it is not held, members of the swarm are asked until the deadline.
  std::optional<Value> get_within(const Key& key, Milliseconds deadline,
                                  std::string_view validation_fields = {}) const;
  // Replaces. Errors: too_large; store_failed where is_durable is asked for: then it is held in memory all the same.
  std::error_code put(const Key& key, std::string_view data, const PutOptions& options = {});

  // In one turn: a result for each key, in order; one commit for all items, and the first error.
  std::vector<std::optional<Value>> get_many(std::span<const Key> keys) const;
  std::error_code put_many(std::span<const PutItem> items);

  bool invalidate(const Key& key);                         // whether there was one
  std::size_t invalidate_prefix(std::string_view prefix);  // of Key::joined(); how many there were
  std::size_t
  clear();  // every value of this cache; answers that the daemon keeps in the directory stay

  // What is held, fresh or not, in no order. `visit` returns false to end.
  void for_each(const std::function<bool(const Key&, const Value&)>& visit) const;
  CacheStats stats() const;

  // Returns when everything put before is synced. Errors: timed_out, store_failed.
  std::error_code flush(Milliseconds deadline = Milliseconds(10'000));

  // --- asynchronously ---
  // Callbacks run once, on a thread of the cache, and must return soon; when the cache is closed first, with `closed`.
  using GetCallback = std::function<void(std::error_code, std::optional<Value>)>;
  using DoneCallback = std::function<void(std::error_code)>;
  void get_async(Key key, Milliseconds deadline, GetCallback done) const;  // as get_within()
  void put_async(Key key, std::string data, PutOptions options,
                 DoneCallback done);  // done: it is on disk
  void flush_async(DoneCallback done);
  std::future<std::optional<Value>> get_future(Key key, Milliseconds deadline) const;
  std::future<std::error_code> put_future(Key key, std::string data, PutOptions options = {});

  // Writes what is queued, leaves the swarm, and ends every thread. Afterwards get() finds nothing and put() says
  // `closed`. Safe to call again, from any thread but those of callbacks.
  void close();

  struct Impl;
  const std::shared_ptr<Impl>& impl() const noexcept { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace ghmesh

template <>
struct std::is_error_code_enum<ghmesh::Failure> : std::true_type {};
