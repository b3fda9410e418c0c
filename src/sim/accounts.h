// SPDX-License-Identifier: Apache-2.0 OR MIT
// Who asks: tokens, the principals they stand for, and which repositories each may read.
//
// A budget belongs to a principal, not to a token: several tokens of one user share one. Beside registered tokens there
// are self-describing ones, so that a test can invent a user by writing a token down:
//   ghp_model_alice_1            a token of the user "alice" (who gets a private repository alice/private)
//   ghs_model_octo-org.secret_1  the GITHUB_TOKEN of the repository octo-org/secret: 1,000 calls an hour
//   ghi_model_7_1                a token of the app installation 7, which sees the organization octo-org
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "sim/world/world.h"

namespace ghmesh::sim {

enum class CallerKind { anonymous, user, repository_token, installation, app };
enum class Access { none, read, write };

struct Token {
  CallerKind kind = CallerKind::user;
  std::string principal;  // "user:alice", "repository:octo-org/secret", "installation:7"
  std::string login;      // of a user
  std::string scopes = "repo, read:org, workflow";
  std::set<std::string> granted;  // full names in lower case, beyond what the principal may read
  std::set<std::string>
      withdrawn;            // full names in lower case, although the principal may read them
  bool is_revoked = false;  // 401
};

struct Caller {
  CallerKind kind = CallerKind::anonymous;
  std::string principal;         // the owner of the budget
  std::string login;             // of a user
  const Token* token = nullptr;  // null for anonymous
  std::string token_text;
  bool is_bad = false;        // 401: the credential is unknown or revoked
  bool is_suspended = false;  // 403 for everything

  bool is_anonymous() const { return kind == CallerKind::anonymous; }
};

class Accounts {
 public:
  explicit Accounts(world::World& world) : world_(world) {}

  // `authorization` is the raw field value: "token X", "Bearer X", "Basic base64(user:X)"; empty means anonymous.
  Caller authenticate(std::string_view authorization, std::string_view client_address);
  Access access_to(const Caller& caller, const world::Repository& repository) const;

  Token& add(std::string_view text,
             std::string_view login);  // a further token of a user; registers the user
  Token* find(std::string_view text);  // also makes a self-describing one
  void revoke(std::string_view text);
  void suspend(std::string_view login, bool is_suspended);

 private:
  world::World& world_;
  std::map<std::string, Token, std::less<>> tokens_;
  std::set<std::string> suspended_;
};

// The credential inside an Authorization value, whatever its spelling.
std::string token_of(std::string_view authorization);

}  // namespace ghmesh::sim
