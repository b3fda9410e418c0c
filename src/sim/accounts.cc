// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/accounts.h"

#include <optional>

#include "base/text.h"

namespace ghmesh::sim {
namespace {

constexpr std::string_view kUserPrefix = "ghp_model_";
constexpr std::string_view kRepositoryPrefix = "ghs_model_";
constexpr std::string_view kInstallationPrefix = "ghi_model_";
constexpr std::string_view kInstallationOwner = "octo-org";

std::string user_principal(std::string_view login) { return "user:" + to_lower(login); }

// What stands between the prefix and the last '_' (or the end).
std::string_view described(std::string_view text, std::string_view prefix) {
  text.remove_prefix(prefix.size());
  const auto end = text.rfind('_');
  return end == std::string_view::npos ? text : text.substr(0, end);
}

// An App's JWT: three dot-separated parts, the first of which is a JSON object in base64.
bool is_jwt(std::string_view text) {
  return text.starts_with("eyJ") && std::count(text.begin(), text.end(), '.') == 2;
}

std::optional<Token> describe(std::string_view text) {
  Token token;
  if (text.starts_with(kUserPrefix)) {
    token.login = described(text, kUserPrefix);
    token.principal = user_principal(token.login);
    if (token.login.empty()) return std::nullopt;
  } else if (text.starts_with(kRepositoryPrefix)) {
    std::string_view rest = described(text, kRepositoryPrefix);
    const std::string owner(
        take_until(rest, '.'));  // an owner's name has no dot; a repository's may
    if (owner.empty() || rest.empty()) return std::nullopt;
    token.kind = CallerKind::repository_token;
    token.principal = "repository:" + to_lower(owner) + "/" + to_lower(rest);
    token.scopes.clear();
  } else if (text.starts_with(kInstallationPrefix)) {
    token.kind = CallerKind::installation;
    token.principal = "installation:" + std::string(described(text, kInstallationPrefix));
    token.scopes.clear();
  } else if (is_jwt(text)) {
    token.kind = CallerKind::app;
    token.principal = "app:1";
    token.scopes.clear();
  } else {
    return std::nullopt;
  }
  return token;
}

}  // namespace

std::string token_of(std::string_view authorization) {
  std::string_view rest = trim(authorization);
  const std::string_view scheme = take_until(rest, ' ');
  rest = trim(rest);
  if (equal_ignoring_case(scheme, "token") || equal_ignoring_case(scheme, "bearer"))
    return std::string(rest);
  if (equal_ignoring_case(scheme, "basic")) {
    const auto pair = parse_base64(rest);
    if (!pair) return {};
    std::string_view password = as_text(*pair);
    const std::string_view user = take_until(password, ':');
    return std::string(password.empty() || password == "x-oauth-basic" ? user : password);
  }
  return {};
}

Token* Accounts::find(std::string_view text) {
  const auto known = tokens_.find(text);
  if (known != tokens_.end()) return &known->second;
  auto token = describe(text);
  if (!token) return nullptr;
  if (token->kind == CallerKind::user) world_.ensure_user(token->login);
  return &tokens_.emplace(text, std::move(*token)).first->second;
}

Token& Accounts::add(std::string_view text, std::string_view login) {
  world_.ensure_user(login);
  Token& token = tokens_[std::string(text)];
  token.login = login;
  token.principal = user_principal(login);
  return token;
}

void Accounts::revoke(std::string_view text) {
  if (Token* token = find(text)) token->is_revoked = true;
}

void Accounts::suspend(std::string_view login, bool is_suspended) {
  if (is_suspended) suspended_.insert(to_lower(login));
  else suspended_.erase(to_lower(login));
}

Caller Accounts::authenticate(std::string_view authorization, std::string_view client_address) {
  Caller caller;
  caller.principal = "address:" + std::string(client_address);
  if (trim(authorization).empty()) return caller;
  caller.token_text = token_of(authorization);
  Token* token = find(caller.token_text);
  if (!token || token->is_revoked) {
    caller.is_bad = true;
    return caller;
  }
  caller.kind = token->kind;
  caller.principal = token->principal;
  caller.login = token->login;
  caller.token = token;
  caller.is_suspended = suspended_.contains(to_lower(caller.login)) && !caller.login.empty();
  return caller;
}

Access Accounts::access_to(const Caller& caller, const world::Repository& repository) const {
  const Access otherwise = repository.is_private ? Access::none : Access::read;
  if (!caller.token) return otherwise;
  const std::string full_name = to_lower(repository.full_name());
  if (caller.token->withdrawn.contains(full_name)) return otherwise;
  if (caller.token->granted.contains(full_name)) return Access::write;
  switch (caller.kind) {
    case CallerKind::repository_token:
      return caller.principal == "repository:" + full_name ? Access::write : otherwise;
    case CallerKind::installation:
      return equal_ignoring_case(repository.owner, kInstallationOwner) ? Access::write : otherwise;
    case CallerKind::user: {
      const std::string login = to_lower(caller.login);
      if (login == to_lower(repository.owner) || repository.collaborators.contains(login))
        return Access::write;
      const world::User* owner = world_.find_user(repository.owner);
      return owner && owner->is_organization && owner->members.contains(login) ? Access::write
                                                                               : otherwise;
    }
    case CallerKind::anonymous:
    case CallerKind::app: return otherwise;
  }
  return otherwise;
}

}  // namespace ghmesh::sim
