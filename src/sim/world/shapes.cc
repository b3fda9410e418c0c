// SPDX-License-Identifier: Apache-2.0 OR MIT
// The small shapes, for tests that have no fixtures. The names inside are those that GitHub's own examples use, because
// the same substitution (world.cc) makes both kinds belong to a repository.
#include <string>
#include <string_view>

#include "base/check.h"
#include "sim/world/world.h"

namespace ghmesh::sim::world {
namespace {

struct Small {
  std::string_view name;
  std::string_view text;
};

constexpr Small kSmall[] = {
    {"repository",
     R"({"id":1,"node_id":"R","name":"Hello-World","full_name":"octocat/Hello-World","owner":{},
      "private":false,"html_url":"https://github.com/octocat/Hello-World","description":"This your first repo!",
      "fork":false,"url":"https://api.github.com/repos/octocat/Hello-World",
      "issues_url":"https://api.github.com/repos/octocat/Hello-World/issues{/number}",
      "clone_url":"https://github.com/octocat/Hello-World.git","language":"C++","forks_count":9,"stargazers_count":80,
      "watchers_count":80,"size":108,"default_branch":"main","open_issues_count":0,"has_issues":true,
      "has_downloads":true,"archived":false,"disabled":false,"visibility":"public","pushed_at":"","created_at":"",
      "updated_at":""})"},
    {"issue",
     R"({"id":1,"node_id":"I","url":"https://api.github.com/repos/octocat/Hello-World/issues/1347",
      "repository_url":"https://api.github.com/repos/octocat/Hello-World",
      "comments_url":"https://api.github.com/repos/octocat/Hello-World/issues/1347/comments",
      "html_url":"https://github.com/octocat/Hello-World/issues/1347","number":1347,"state":"open","title":"",
      "body":"","user":{},"labels":[],"assignee":null,"assignees":[],"milestone":null,"locked":false,"comments":0,
      "closed_at":null,"created_at":"","updated_at":"","author_association":"COLLABORATOR","state_reason":null})"},
    {"comment",
     R"({"id":1,"node_id":"C","url":"https://api.github.com/repos/octocat/Hello-World/issues/comments/1",
      "html_url":"https://github.com/octocat/Hello-World/issues/1347#issuecomment-1","body":"Me too","user":{},
      "created_at":"","updated_at":"","issue_url":"https://api.github.com/repos/octocat/Hello-World/issues/1347",
      "author_association":"COLLABORATOR"})"},
    {"pull",
     R"({"id":1,"node_id":"P","url":"https://api.github.com/repos/octocat/Hello-World/pulls/1347",
      "html_url":"https://github.com/octocat/Hello-World/pull/1347",
      "diff_url":"https://github.com/octocat/Hello-World/pull/1347.diff","number":1347,"state":"open","locked":false,
      "title":"","user":{},"body":"","labels":[],"milestone":null,"assignee":null,"assignees":[],
      "requested_reviewers":[],"created_at":"","updated_at":"","closed_at":null,"merged_at":null,
      "merge_commit_sha":null,"draft":false,"head":{"label":"","ref":"","sha":""},
      "base":{"label":"","ref":"","sha":""},"merged":false,"mergeable":null,"mergeable_state":"unknown",
      "merged_by":null,"comments":0,"review_comments":0,"commits":1,"additions":10,"deletions":3,"changed_files":1})"},
    {"commit",
     R"({"url":"https://api.github.com/repos/octocat/Hello-World/commits/6dcb09b5","sha":"6dcb09b5",
      "node_id":"K","html_url":"https://github.com/octocat/Hello-World/commit/6dcb09b5",
      "commit":{"author":{"name":"The Octocat","email":"octocat@example.org","date":""},
      "committer":{"name":"The Octocat","email":"octocat@example.org","date":""},"message":"","tree":{"sha":""},
      "comment_count":0,"verification":{"verified":false,"reason":"unsigned"}},"author":{},"committer":{},
      "parents":[],"stats":{"additions":104,"deletions":4,"total":108},"files":[]})"},
    {"release", R"({"url":"https://api.github.com/repos/octocat/Hello-World/releases/1",
      "html_url":"https://github.com/octocat/Hello-World/releases/v1.0.0","id":1,"node_id":"L","tag_name":"v1.0.0",
      "target_commitish":"main","name":"v1.0.0","body":"Notes","draft":false,"prerelease":false,"created_at":"",
      "published_at":"","author":{},"assets":[]})"},
    {"label",
     R"({"id":1,"node_id":"B","url":"https://api.github.com/repos/octocat/Hello-World/labels/bug",
      "name":"bug","description":"","color":"f29513","default":true})"},
    {"milestone",
     R"({"url":"https://api.github.com/repos/octocat/Hello-World/milestones/1","id":1,"node_id":"M",
      "number":1,"state":"open","title":"v1.0","description":"","creator":{},"open_issues":4,"closed_issues":8,
      "created_at":"","updated_at":"","closed_at":null,"due_on":null})"},
    {"workflow",
     R"({"id":161335,"node_id":"W","name":"CI","path":".github/workflows/ci.yaml","state":"active",
      "created_at":"","updated_at":"","url":"https://api.github.com/repos/octocat/Hello-World/actions/workflows/161335",
      "html_url":"https://github.com/octocat/Hello-World/blob/main/.github/workflows/ci.yaml"})"},
    {"run", R"({"id":30433642,"name":"Build","node_id":"U","head_branch":"main","head_sha":"",
      "path":".github/workflows/build.yml@main","run_number":562,"event":"push","display_title":"","status":"completed",
      "conclusion":"success","workflow_id":159038,"run_attempt":1,
      "url":"https://api.github.com/repos/octocat/Hello-World/actions/runs/30433642",
      "html_url":"https://github.com/octocat/Hello-World/actions/runs/30433642","pull_requests":[],"created_at":"",
      "updated_at":"","run_started_at":"","actor":{},
      "jobs_url":"https://api.github.com/repos/octocat/Hello-World/actions/runs/30433642/jobs"})"},
    {"job", R"({"id":399444496,"run_id":29679449,"node_id":"J","head_sha":"",
      "run_url":"https://api.github.com/repos/octocat/Hello-World/actions/runs/29679449","status":"completed",
      "url":"https://api.github.com/repos/octocat/Hello-World/actions/jobs/399444496","conclusion":"success",
      "started_at":"","completed_at":"","name":"build","steps":[],"labels":["ubuntu-latest"],"runner_name":"runner",
      "workflow_name":"CI","head_branch":"main"})"},
    {"runner",
     R"({"id":23,"name":"runner-1","os":"linux","status":"online","busy":false,"ephemeral":false,
      "labels":[{"id":5,"name":"self-hosted","type":"read-only"},{"id":7,"name":"X64","type":"read-only"}]})"},
    {"user",
     R"({"login":"octocat","id":1,"node_id":"U","avatar_url":"https://avatars.githubusercontent.com/u/1",
      "url":"https://api.github.com/users/octocat","html_url":"https://github.com/octocat","type":"User",
      "site_admin":false,"name":"monalisa octocat","company":"GitHub","public_repos":2,"followers":20,
      "created_at":"2008-01-14T04:33:35Z","updated_at":"2008-01-14T04:33:35Z"})"},
    {"organization",
     R"({"login":"github","id":1,"node_id":"O","url":"https://api.github.com/orgs/github",
      "repos_url":"https://api.github.com/orgs/github/repos","description":"A great organization","public_repos":2,
      "created_at":"2008-01-14T04:33:35Z","type":"Organization"})"},
    {"review",
     R"({"id":80,"node_id":"V","user":{},"body":"Here is the body for the review.","state":"APPROVED",
      "html_url":"https://github.com/octocat/Hello-World/pull/1347#pullrequestreview-80","submitted_at":"",
      "commit_id":""})"},
};

}  // namespace

Shapes::Shapes() {
  for (const Small& small : kSmall)
    shapes_.emplace(small.name, json::parse(small.text).as_object());
}

void Shapes::adopt(const json::object& shapes) {
  for (const auto& [name, document] : shapes) {
    if (const auto* object = document.if_object())
      shapes_.insert_or_assign(std::string(name), *object);
  }
}

const json::object& Shapes::get(std::string_view name) const {
  const auto found = shapes_.find(name);
  GHMESH_CHECK(found != shapes_.end());
  return found->second;
}

}  // namespace ghmesh::sim::world
