// SPDX-License-Identifier: Apache-2.0 OR MIT
// Peers: what the proxy asks of the other nodes of a swarm, and tells them. Without a swarm there is none.
//
//   before an answer       look(): is there somebody's word that may be served, or a body that may be proven?
//   before asking GitHub   take_turn(): one of all nodes goes, the others wait for what it learns
//   after GitHub's answer  tell() it to everybody, and the turn that it was told
//
// Whatever fails in it ends in asking GitHub. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cache/entry.h"
#include "github/key.h"
#include "net/runtime.h"
#include "proxy/governor.h"
#include "proxy/principals.h"

namespace ghmesh::proxy {

// What a request is about, as far as peers are concerned.
struct Subject {
  const Caller& caller;
  std::string_view key;  // canonical
  const github::Route& route;
  std::string_view path;    // as it was asked for, without its query
  std::string_view accept;  // what the upstream would be sent: an ETag is computed with it
};

// What is known of a subject beside what this node holds itself.
struct Word {
  cache::EntryRef entry;      // fresh, of the same principal, and believed: may be served as it is
  cache::EntryRef candidate;  // may be offered for proof; null where `entry` would be the same
  bool is_shared = false;     // a proof of `candidate` by one node would do for all: take turns
  bool is_elsewhere = false;  // there is one, and its body must be brought first
  bool is_overtaken = false;  // what this node holds itself is out of date
  bool wants_audit = false;   // `entry` should be proven as well, behind the caller's back
};

// What became of a question to GitHub, for those who would ask the same.
enum class Learned {
  fetched,    // a body, whether or not GitHub charged for it
  confirmed,  // a 304: what was held is current
  gone,       // not there, or not for this principal
};

// The right to ask. When it ends and nothing was told, everybody who waits asks for himself.
class Turn {
 public:
  virtual ~Turn() = default;
  // False: somebody else went, and has said what it learned. Look again, and then ask in any case.
  virtual bool may_ask() const = 0;
  virtual void note_told() = 0;
};

class Peers {
 public:
  virtual ~Peers() = default;

  // `own` may be null. Quick: a lock and a look into a table.
  virtual Word look(const Subject& subject, const cache::EntryRef& own, WallTime now) = 0;
  // After Word::is_elsewhere; then look again.
  virtual net::awaitable<void> bring_body(const Subject& subject) = 0;
  // Never null. `holds_one`: GitHub will be asked whether it is still current.
  virtual net::awaitable<std::unique_ptr<Turn>> take_turn(const Subject& subject,
                                                          bool holds_one) = 0;
  // `entry` is what is stored now; null for gone.
  virtual void tell(const Subject& subject, Learned learned, const cache::EntryRef& entry) = 0;
  // A caller has changed something: what was said about these keys is out of date.
  virtual void note_stale(std::span<const std::string> keys) = 0;
  // The budget as an answer to this caller told it.
  virtual void note_budget(const Caller& caller, const http::Headers& headers, WallTime now) = 0;
  // What another node has heard from GitHub of this caller's budget since; nullopt: nothing newer than an hour.
  virtual std::optional<KnownBudget> told_budget(const Caller& caller, std::string_view resource,
                                                 WallTime now) = 0;
  // Whether the audit of what was served is this caller's to do: of many who were served the same, one does it.
  virtual bool take_audit(const Subject& subject, const cache::EntryRef& served) = 0;
  // GitHub is about to be asked whether this is current: note_proof() follows, if it answers.
  virtual void note_offered(const Subject& subject, const cache::EntryRef& offered) = 0;
  // A peer's body was offered for proof, and GitHub has answered. `own` is what this node held before; may be null.
  virtual void note_proof(const Subject& subject, const cache::EntryRef& offered,
                          const cache::EntryRef& own, const http::Answer& answer, WallTime now) = 0;
};

}  // namespace ghmesh::proxy
