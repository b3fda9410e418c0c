// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/webhook.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "crypto/hash.h"
#include "github/invalidation_rules.h"
#include "github/json_document.h"

namespace ghmesh::github {
namespace {

namespace dom = simdjson::dom;

// Whom an event is about.
enum class About { nobody, repository, repository_or_owner, owner };

struct Row {
  std::string_view event;
  About about;
  Also also;
  std::string_view place;  // in the scope, besides; empty: none
};
// Every event of GitHub's catalogue. Owner: an organization, or whoever installed an app.
constexpr std::array kRows = std::to_array<Row>({
    {"branch_protection_configuration", About::repository, Also::nothing, "branches"},
    {"branch_protection_rule", About::repository, Also::nothing, "branches"},
    {"check_run", About::repository, Also::checks, {}},
    {"check_suite", About::repository, Also::checks, {}},
    {"code_scanning_alert", About::repository, Also::nothing, "code-scanning"},
    {"commit_comment", About::repository, Also::talk, "commits"},
    {"create", About::repository, Also::git, {}},
    {"custom_property_values", About::repository, Also::counts, "properties"},
    {"delete", About::repository, Also::git | Also::merge, {}},
    {"dependabot_alert", About::repository, Also::nothing, "dependabot"},
    {"deploy_key", About::repository, Also::nothing, "keys"},
    {"deployment", About::repository, Also::runs, {}},
    {"deployment_protection_rule", About::repository, Also::runs, {}},
    {"deployment_review", About::repository, Also::runs, {}},
    {"deployment_status", About::repository, Also::runs | Also::checks, {}},
    {"discussion", About::repository, Also::search, "discussions"},
    {"discussion_comment", About::repository, Also::nothing, "discussions"},
    {"fork", About::repository, Also::counts, {}},
    {"github_app_authorization", About::nobody, Also::nothing, {}},
    {"gollum", About::nobody, Also::nothing, {}},
    {"installation", About::owner, Also::everything, {}},
    {"installation_repositories", About::owner, Also::everything, {}},
    {"installation_target", About::owner, Also::everything, {}},
    {"issue_comment", About::repository, Also::talk | Also::search | Also::notifications, {}},
    {"issue_dependencies", About::repository, Also::talk, {}},
    {"issues", About::repository, Also::talk | Also::search | Also::notifications, {}},
    {"label", About::repository, Also::talk | Also::search, {}},
    {"marketplace_purchase", About::nobody, Also::nothing, {}},
    {"member", About::repository, Also::everything, {}},
    {"membership", About::owner, Also::everything, {}},
    {"merge_group", About::repository, Also::talk | Also::checks, {}},
    {"meta", About::nobody, Also::nothing, {}},
    {"milestone", About::repository, Also::talk | Also::search, {}},
    {"org_block", About::owner, Also::nothing, {}},
    {"organization", About::owner, Also::everything, {}},
    {"package", About::repository, Also::nothing, "packages"},
    {"page_build", About::repository, Also::nothing, "pages"},
    {"personal_access_token_request", About::owner, Also::nothing, {}},
    {"ping", About::nobody, Also::nothing, {}},
    {"project", About::repository_or_owner, Also::nothing, "projects"},
    {"project_card", About::repository_or_owner, Also::nothing, "projects"},
    {"project_column", About::repository_or_owner, Also::nothing, "projects"},
    {"projects_v2", About::owner, Also::nothing, {}},
    {"projects_v2_item", About::owner, Also::nothing, {}},
    {"projects_v2_status_update", About::owner, Also::nothing, {}},
    {"public", About::repository, Also::everything | Also::search, {}},
    {"pull_request",
     About::repository,
     Also::talk | Also::merge | Also::checks | Also::search | Also::notifications,
     {}},
    {"pull_request_review", About::repository, Also::talk | Also::notifications, {}},
    {"pull_request_review_comment", About::repository, Also::talk | Also::notifications, {}},
    {"pull_request_review_thread", About::repository, Also::talk, {}},
    {"push", About::repository, Also::git | Also::merge | Also::counts, {}},
    {"registry_package", About::repository, Also::nothing, "packages"},
    {"release", About::repository, Also::releases, {}},
    {"repository", About::repository, Also::everything | Also::search, {}},
    {"repository_advisory", About::repository, Also::nothing, "security-advisories"},
    {"repository_dispatch", About::repository, Also::runs, {}},
    {"repository_import", About::repository, Also::everything, {}},
    {"repository_ruleset", About::repository_or_owner, Also::nothing, "rulesets"},
    {"repository_vulnerability_alert", About::repository, Also::nothing, "dependabot"},
    {"secret_scanning_alert", About::repository, Also::nothing, "secret-scanning"},
    {"secret_scanning_alert_location", About::repository, Also::nothing, "secret-scanning"},
    {"secret_scanning_scan", About::repository, Also::nothing, "secret-scanning"},
    {"security_advisory", About::nobody, Also::nothing, {}},
    {"security_and_analysis", About::repository, Also::counts, {}},
    {"sponsorship", About::nobody, Also::nothing, {}},
    {"star", About::repository, Also::counts, {}},
    {"status", About::repository, Also::checks, {}},
    {"sub_issues", About::repository, Also::talk, {}},
    {"team", About::repository_or_owner, Also::everything, {}},
    {"team_add", About::repository, Also::everything, {}},
    {"watch", About::repository, Also::counts, {}},
    {"workflow_dispatch", About::repository, Also::runs, {}},
    {"workflow_job", About::repository, Also::runs | Also::checks, {}},
    {"workflow_run", About::repository, Also::runs | Also::checks, {}},
});
static_assert(std::ranges::is_sorted(kRows, {}, &Row::event));

std::string_view text_at(const dom::object& object, std::string_view pointer) {
  std::string_view text;
  return object.at_pointer(pointer).get_string().get(text) == simdjson::SUCCESS
             ? text
             : std::string_view();
}

void add_place(std::vector<Doubt>& doubts, const std::string& scope, std::string_view rest) {
  doubts.push_back({.place = {.scope = scope, .rest = std::string(rest)}});
}

// A repository under its name, and as /repositories/{id}.
std::vector<std::string> repository_scopes(const dom::object& object) {
  std::vector<std::string> scopes;
  const std::string_view name = text_at(object, "/repository/full_name");
  if (name.find('/') != std::string_view::npos) scopes.push_back("repos/" + to_lower(name));
  std::int64_t id = 0;
  if (object.at_pointer("/repository/id").get_int64().get(id) == simdjson::SUCCESS)
    scopes.push_back("repositories/" + std::to_string(id));
  // Renamed or transferred: what is asked for under its old name changes too.
  const std::string_view old_name = text_at(object, "/changes/repository/name/from");
  if (!old_name.empty() && name.find('/') != std::string_view::npos)
    scopes.push_back("repos/" + to_lower(name.substr(0, name.find('/') + 1)) + to_lower(old_name));
  return scopes;
}

std::string_view owner_of(const dom::object& object) {
  for (const char* pointer : {"/organization/login", "/installation/account/login",
                              "/account/login", "/projects_v2/owner/login"})
    if (const std::string_view login = text_at(object, pointer); !login.empty()) return login;
  return {};
}

// What belongs to an organization or a user: itself, and where access has changed, all its repositories too.
void add_owner(std::vector<Doubt>& doubts, std::string_view login, const Row& row) {
  const std::string owner = to_lower(login);
  for (const char* prefix : {"orgs/", "users/"}) add_place(doubts, prefix + owner, "");
  if (row.also != Also::nothing) {
    add_place(doubts, "repos/" + owner, "");
    for (const char* scope : {"user", "installation", "teams"}) add_place(doubts, scope, "");
  }
}

}  // namespace

bool is_signed(const crypto::Secret& secret, std::string_view body, std::string_view signature) {
  constexpr std::string_view kPrefix = "sha256=";
  if (!signature.starts_with(kPrefix)) return false;
  const auto given = parse_hex(signature.substr(kPrefix.size()));
  const crypto::Digest wanted = crypto::hmac_sha256(secret.reveal(), as_bytes(body));
  return given && given->size() == wanted.size() && crypto::equal_in_constant_time(*given, wanted);
}

Result<EventVerdict> judge_event(std::string_view event, std::string_view body) {
  if (body.size() > kWebhookBytesMax) return Errc::too_large;
  const JsonDocument json(body, kWebhookBytesMax);
  if (!json.is_open()) return Errc::malformed;
  const auto row = std::ranges::find(kRows, event, &Row::event);
  if (row == kRows.end()) return EventVerdict{};
  EventVerdict verdict{.kind = EventKind::ignored, .doubts = {}};
  if (row->about == About::nobody) return verdict;
  verdict.kind = EventKind::doubts;
  if (row->about != About::owner) {
    for (const std::string& scope : repository_scopes(json.object())) {
      add_across(verdict.doubts, scope, row->also);
      if (!row->place.empty()) add_place(verdict.doubts, scope, row->place);
    }
  }
  const std::string_view owner = owner_of(json.object());
  const bool is_of_owner = row->about == About::owner ||
                           (row->about == About::repository_or_owner && verdict.doubts.empty());
  if (is_of_owner && !owner.empty()) add_owner(verdict.doubts, owner, *row);
  // Without a name it is known only that something has changed: the event is not what it says it is.
  if (verdict.doubts.empty()) return Errc::malformed;
  return verdict;
}

}  // namespace ghmesh::github
