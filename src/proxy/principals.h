// SPDX-License-Identifier: Apache-2.0 OR MIT
// The credentials that this process has seen, and the principals they stand for.
//
// Deriving a principal takes a few microseconds of HKDF; a request looks it up by a keyed hash of its Authorization
// field instead, first in a table of its own thread, then in the shared one. The shared table is bounded: callers
// cannot make it grow by inventing tokens; the one that was used longest ago is forgotten, and derived again when it
// comes back.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "crypto/hash.h"
#include "github/credential.h"
#include "github/principal.h"

namespace ghmesh::proxy {

// More than the tokens that a large fleet uses in an hour; about 2 KiB each.
inline constexpr std::size_t kCallersCountMax = 4096;

// A credential with its principal. Immutable, shared by everybody who serves a request of it.
struct Caller {
  github::Credential credential;
  github::Principal principal;
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
  Result<CallerRef> derive(std::string_view authorization) const;

  const std::uint64_t instance_;  // tells the thread's own tables of several Callers apart
  crypto::Secret installation_salt_;
  std::vector<PrincipalGroup> groups_;
  github::Principal everybody_;
  mutable std::mutex mutex_;
  std::list<Known> recent_first_;
  std::unordered_map<crypto::TableHash, std::list<Known>::iterator, HashFirstWord> by_hash_;
};

}  // namespace ghmesh::proxy
