// SPDX-License-Identifier: Apache-2.0 OR MIT
// The credentials that this process has seen, and the principals they stand for.
//
// Deriving a principal takes a few microseconds of HKDF; a request looks it up by a keyed hash of its Authorization
// field instead, first in a table of its own thread, then in the shared one. The shared table is bounded: callers
// cannot make it grow by inventing tokens; the one that was used longest ago is forgotten, and derived again when it
// comes back.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "github/credential.h"
#include "github/principal.h"

namespace ghmesh::proxy {

// More than the tokens that a large fleet uses in an hour; about 2 KiB each.
inline constexpr std::size_t kCallersCountMax = 4096;

// What this process has seen of a credential's fate; shared by all spellings of it. Any thread may read and change it.
struct Standing {
  // GitHub has said 401 to it, and nothing better since: nothing that is held may be served to it.
  std::atomic<bool> is_refused{false};
  // When it last changed something through us, and how often. What was proven before is asked for again, free of
  // charge: who writes must be able to read it (RFC 9111, 4.4).
  std::atomic<WallTime> written_at{WallTime::min()};
  // The last change of which it is not known that it concerns one repository only.
  std::atomic<WallTime> unscoped_written_at{WallTime::min()};
  std::atomic<std::uint64_t> writes_count{0};

  enum class Scope { anything, one_repository };
  void note_write(WallTime now, Scope scope) {
    written_at = now;
    if (scope == Scope::anything) unscoped_written_at = now;
    ++writes_count;
  }
};

// A credential with its principal, shared by everybody who serves a request of it.
struct Caller {
  github::Credential credential;
  github::Principal principal;
  std::shared_ptr<Standing> standing;
  std::string group;  // whose principal it stands for; empty: its own
};
using CallerRef = std::shared_ptr<const Caller>;

// Credentials that the operator declares to stand for one principal, by GitHub's audit label: base64(SHA-256(token)).
struct PrincipalGroup {
  std::string name;
  std::vector<std::string> audit_labels;
  crypto::Secret secret;  // from the state directory; the group's partition is sealed with it
};

// Thread-safe.
class Callers {
 public:
  Callers(crypto::Secret installation_salt, std::vector<PrincipalGroup> groups);

  // `authorization` is the field's value, empty for none. Errors: those of github::parse_credential().
  Result<CallerRef> find(std::string_view authorization);

  // The principal under which answers are kept that anybody may see.
  const github::Principal& everybody() const { return everybody_; }
  std::size_t size() const;

 private:
  struct Known {
    crypto::TableHash hash;
    CallerRef caller;
  };
  struct HashFirstWord {
    std::size_t operator()(const crypto::TableHash& hash) const { return hash[0]; }
  };

  Result<CallerRef> find_shared(const crypto::TableHash& hash, std::string_view authorization);
  Result<std::shared_ptr<Caller>> derive(
      std::string_view authorization) const;  // without a standing
  std::shared_ptr<Standing> standing_of(const github::Credential& credential);  // under the lock

  const std::uint64_t instance_;  // tells the thread's own tables of several Callers apart
  crypto::Secret installation_salt_;
  std::vector<PrincipalGroup> groups_;
  github::Principal everybody_;
  mutable std::mutex mutex_;
  std::list<Known> recent_first_;
  std::unordered_map<crypto::TableHash, std::list<Known>::iterator, HashFirstWord> by_hash_;
  // One per credential that some known caller holds.
  std::unordered_map<crypto::TableHash, std::weak_ptr<Standing>, HashFirstWord> standings_;
};

}  // namespace ghmesh::proxy
