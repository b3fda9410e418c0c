// SPDX-License-Identifier: Apache-2.0 OR MIT
// How the world begins: a handful of organizations, users and repositories, each filled from the seed and its own name.
#include <array>

#include "base/random.h"
#include "base/text.h"
#include "sim/world/world.h"

namespace ghmesh::sim::world {
namespace {

constexpr std::int64_t kBeginning =
    1'760'000'000;  // 2025-10-09: everything of the seed happened after this and before a year
constexpr std::int64_t kHourSeconds = 3600;

constexpr std::array<std::string_view, 10> kWords = {"cache",   "token",  "runner", "workflow",
                                                     "release", "header", "limit",  "proxy",
                                                     "socket",  "retry"};
constexpr std::array<std::string_view, 5> kLabels = {"bug", "documentation", "enhancement",
                                                     "question", "wontfix"};

std::string sentence(Random& random) {
  std::string text = "The";
  for (int i = 0; i < 4; ++i) text += " " + std::string(kWords[random.below(kWords.size())]);
  return text;
}

json::object short_commit(const Repository& repository, std::string_view sha) {
  return {{"sha", sha},
          {"url", "https://api.github.com/repos/" + repository.full_name() + "/commits/" +
                      std::string(sha)}};
}

std::uint64_t seed_of(std::uint64_t seed, std::string_view name) {
  std::uint64_t mixed = seed ^ 0x9e3779b97f4a7c15ull;
  for (const char c : name) mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return mixed;
}

// Fills one repository. A class only so that its parts can share what they all need.
class Filler {
 public:
  Filler(World& world, Repository& repository, std::uint64_t seed)
      : world_(world), repository_(repository), random_(seed), now_(kBeginning) {}

  void fill_git(int commits_count) {
    repository_.files["README.md"] = "# " + repository_.name + "\n\n" + sentence(random_) + ".\n";
    repository_.files["src/main.c"] =
        "int main(void) { return " + std::to_string(random_.below(9)) + "; }\n";
    repository_.files["src/util.c"] = "/* " + sentence(random_) + " */\n";
    repository_.files["docs/guide.md"] = "Guide: " + sentence(random_) + "\n";
    std::string parent;
    for (int i = 0; i < commits_count; ++i) {
      const std::string sha = object_id(repository_.full_name() + ":commit:" + std::to_string(i));
      auto commit = world_.make("commit", repository_, i, tick());
      commit["sha"] = sha;
      commit["url"] = "https://api.github.com/repos/" + repository_.full_name() + "/commits/" + sha;
      commit["html_url"] = "https://github.com/" + repository_.full_name() + "/commit/" + sha;
      auto& inner = commit["commit"].as_object();
      inner["message"] = sentence(random_);
      for (const char* who : {"author", "committer"})
        if (auto* person = inner.if_contains(who))
          person->as_object()["date"] = write_timestamp(now_);
      inner["tree"] = {{"sha", object_id(sha + ":tree")}};
      json::array parents;
      if (!parent.empty()) parents.push_back(short_commit(repository_, parent));
      commit["parents"] = std::move(parents);
      auto& commits = repository_.collection("commits");
      commits.insert(commits.begin(), Item{std::move(commit), 0});
      parent = sha;
    }
    head_ = parent;
    for (const char* name : {"main", "develop", "feature"})
      add("branches",
          {{"name", name}, {"commit", short_commit(repository_, head_)}, {"protected", false}});
    for (const char* name : {"v1.0.0", "v1.1.0", "v2.0.0"}) {
      const std::string base = "https://api.github.com/repos/" + repository_.full_name();
      add("tags", {{"name", name},
                   {"commit", short_commit(repository_, head_)},
                   {"zipball_url", base + "/zipball/refs/tags/" + name},
                   {"tarball_url", base + "/tarball/refs/tags/" + name},
                   {"node_id", "T_" + std::string(name)}});
      auto release = world_.make("release", repository_, repository_.next_id++, tick());
      release["tag_name"] = name;
      release["name"] = name;
      release["target_commitish"] = "main";
      release["prerelease"] = false;
      release["draft"] = false;
      const std::int64_t id = release["id"].as_int64();
      release["url"] = base + "/releases/" + std::to_string(id);
      release["html_url"] =
          "https://github.com/" + repository_.full_name() + "/releases/tag/" + name;
      auto& releases = repository_.collection("releases");
      releases.insert(releases.begin(), Item{std::move(release), 0});
    }
  }

  void fill_issues(int issues_count) {
    for (const auto name : kLabels) {
      auto label = world_.make("label", repository_, repository_.next_id++, tick());
      label["name"] = name;
      label["url"] = "https://api.github.com/repos/" + repository_.full_name() + "/labels/" +
                     std::string(name);
      add("labels", std::move(label));
    }
    for (int i = 1; i <= 2; ++i) {
      auto milestone = world_.make("milestone", repository_, i, tick());
      milestone["title"] = "v" + std::to_string(i);
      milestone["url"] = "https://api.github.com/repos/" + repository_.full_name() +
                         "/milestones/" + std::to_string(i);
      add("milestones", std::move(milestone));
    }
    for (int i = 0; i < issues_count; ++i) {
      const std::int64_t number = repository_.next_number++;
      const bool is_pull = i % 5 == 4;  // every fifth
      const bool is_open = !random_.chance(0.2);
      const std::string title = sentence(random_);
      add_issue(number, title, is_open, is_pull);
      if (is_pull) add_pull(number, title, is_open);
    }
  }

  void fill_actions(int runs_count) {
    auto workflow = world_.make("workflow", repository_, repository_.next_id++, tick());
    workflow["name"] = "CI";
    workflow["state"] = "active";
    const std::int64_t workflow_id = workflow["id"].as_int64();
    add("workflows", std::move(workflow));
    for (int i = 1; i <= runs_count; ++i) {
      const std::int64_t id = repository_.next_id++;
      auto run = world_.make("run", repository_, id, tick());
      const bool is_done = i % 10 != 0;
      run["status"] = is_done ? "completed" : "in_progress";
      run["conclusion"] =
          is_done ? json::value(random_.chance(0.8) ? "success" : "failure") : json::value(nullptr);
      run["workflow_id"] = workflow_id;
      run["workflow_url"] = "https://api.github.com/repos/" + repository_.full_name() +
                            "/actions/workflows/" + std::to_string(workflow_id);
      run["run_number"] = i;
      run["run_attempt"] = 1;
      run["head_sha"] = head_;
      run["head_branch"] = i % 3 == 0 ? "develop" : "main";
      run["display_title"] = sentence(random_);
      run["name"] = "CI";
      auto& runs = repository_.collection("runs");
      runs.insert(runs.begin(), Item{std::move(run), 0});
      for (int j = 0; j < 2; ++j) {
        auto job = world_.make("job", repository_, repository_.next_id++, now_);
        job["run_id"] = id;
        job["run_url"] = "https://api.github.com/repos/" + repository_.full_name() +
                         "/actions/runs/" + std::to_string(id);
        job["head_sha"] = head_;
        job["name"] = j == 0 ? "build" : "test";
        add("jobs", std::move(job), id);
      }
    }
    for (int i = 1; i <= 2; ++i) {
      auto runner = world_.make("runner", repository_, repository_.next_id++, now_);
      runner["name"] = "runner-" + std::to_string(i);
      runner.erase("node_id");
      add("runners", std::move(runner));
    }
  }

 private:
  std::int64_t tick() { return now_ += kHourSeconds; }
  void add(std::string_view collection, json::object document, std::int64_t parent = 0) {
    repository_.collection(collection).push_back(Item{std::move(document), parent});
  }

  void add_issue(std::int64_t number, const std::string& title, bool is_open, bool is_pull) {
    auto issue = world_.make("issue", repository_, number, tick());
    issue["title"] = title;
    issue["state"] = is_open ? "open" : "closed";
    issue["closed_at"] = is_open ? json::value(nullptr) : json::value(write_timestamp(now_));
    issue["body"] = sentence(random_) + ".\n\nSeen in " + repository_.full_name() + ".";
    issue["comments"] = number % 4 == 0 ? 2 : 0;
    issue["milestone"] = nullptr;
    issue["assignee"] = nullptr;
    issue["assignees"] = json::array();
    const auto& labels = repository_.collection("labels");
    issue["labels"] = json::array{labels[random_.below(labels.size())].document};
    issue.erase("pull_request");
    const std::string base = "https://api.github.com/repos/" + repository_.full_name();
    if (is_pull) {
      const std::string url = base + "/pulls/" + std::to_string(number);
      issue["pull_request"] = {{"url", url},
                               {"html_url", "https://github.com/" + repository_.full_name() +
                                                "/pull/" + std::to_string(number)}};
    }
    issue["events_url"] = base + "/issues/" + std::to_string(number) + "/events";
    const auto comments_count = number_at(issue, "comments");
    auto& issues = repository_.collection("issues");
    issues.insert(issues.begin(), Item{std::move(issue), 0});
    for (std::int64_t i = 0; i < comments_count; ++i) {
      const std::int64_t id = repository_.next_id++;
      auto comment = world_.make("comment", repository_, id, now_);
      comment["url"] = base + "/issues/comments/" + std::to_string(id);
      comment["issue_url"] = base + "/issues/" + std::to_string(number);
      comment["html_url"] = "https://github.com/" + repository_.full_name() + "/issues/" +
                            std::to_string(number) + "#issuecomment-" + std::to_string(id);
      comment["body"] = sentence(random_);
      add("comments", std::move(comment), number);
    }
  }

  void add_pull(std::int64_t number, const std::string& title, bool is_open) {
    auto pull = world_.make("pull", repository_, number, now_);
    const std::string branch = "topic-" + std::to_string(number);
    const std::string sha = object_id(repository_.full_name() + ":" + branch);
    pull["title"] = title;
    pull["state"] = is_open ? "open" : "closed";
    pull["draft"] = false;
    pull["merged"] = !is_open;
    pull["merged_at"] = is_open ? json::value(nullptr) : json::value(write_timestamp(now_));
    pull["closed_at"] = pull["merged_at"];
    pull["merged_by"] =
        is_open ? json::value(nullptr) : json::value(world_.simple_user(repository_.owner));
    pull["merge_commit_sha"] = is_open ? json::value(nullptr) : json::value(head_);
    pull["mergeable"] = nullptr;  // being computed, until it was looked at once
    pull["mergeable_state"] = "unknown";
    const auto side = [&](std::string_view ref, std::string_view id) {
      return json::object{{"label", repository_.owner + ":" + std::string(ref)},
                          {"ref", ref},
                          {"sha", id},
                          {"user", world_.simple_user(repository_.owner)}};
    };
    pull["head"] = side(branch, sha);
    pull["base"] = side("main", head_);
    auto& pulls = repository_.collection("pulls");
    pulls.insert(pulls.begin(), Item{std::move(pull), 0});
    add("reviews", world_.make("review", repository_, repository_.next_id++, now_), number);
  }

  World& world_;
  Repository& repository_;
  Random random_;
  std::int64_t now_;
  std::string head_;
};

}  // namespace

World::World(std::uint64_t seed, Shapes shapes) : seed_(seed), shapes_(std::move(shapes)) {
  for (const char* login : {"octo-org", "empty-org"}) {
    auto organization = std::make_unique<User>();
    organization->login = login;
    organization->is_organization = true;
    organization->members = {"octocat", "monalisa"};
    organization->document = shapes_.get("organization");
    organization->id = login[0];
    organization->document["id"] = organization->id;
    organization->document["login"] = login;
    organization->document["url"] = "https://api.github.com/orgs/" + organization->login;
    organization->document["repos_url"] =
        "https://api.github.com/orgs/" + organization->login + "/repos";
    users_.emplace(login, std::move(organization));
  }
  for (const char* login : {"octocat", "monalisa", "hubot"}) ensure_user(login);
  create_repository("octocat", "Hello-World", /*is_private=*/false, 40);
  create_repository("octo-org", "widgets", /*is_private=*/false, 130);
  create_repository("octo-org", "empty", /*is_private=*/false, 0);
  create_repository("octo-org", "secret", /*is_private=*/true, 12);
  create_repository("octo-org", "blocked", /*is_private=*/false, 0).is_blocked = true;
}

Repository& World::create_repository(std::string_view owner, std::string_view name, bool is_private,
                                     int issues_count) {
  auto repository = std::make_unique<Repository>();
  repository->owner = owner;
  repository->name = name;
  repository->is_private = is_private;
  const std::string full_name = repository->full_name();
  const std::string key = to_lower(full_name);
  std::uint64_t mixed = seed_of(seed_, key);
  repository->id = static_cast<std::int64_t>(mixed % 900'000'000) + 1'000'000;
  while (by_id_.contains(repository->id)) ++repository->id;
  repository->next_id = repository->id * 1000;
  repository->document = make("repository", *repository, repository->id, kBeginning);
  auto& document = repository->document;
  document["name"] = name;
  document["full_name"] = full_name;
  document["private"] = is_private;
  document["visibility"] = is_private ? "private" : "public";
  document["default_branch"] = "main";
  document["fork"] = false;
  for (const char* member : {"parent", "source", "template_repository", "permissions"})
    document.erase(member);
  Repository& kept = *repository;
  by_id_[kept.id] = &kept;
  renamed_.erase(key);
  repositories_[key] = std::move(repository);
  fill(kept, issues_count);
  ++revision_;
  return kept;
}

void World::fill(Repository& repository, int issues_count) {
  Filler filler(*this, repository, seed_of(seed_, to_lower(repository.full_name())));
  if (issues_count == 0) return;
  const bool is_busy = issues_count >= 40;  // its lists have more than one page
  filler.fill_git(is_busy ? 35 : 8);
  filler.fill_issues(issues_count);
  filler.fill_actions(is_busy ? 40 : 4);
  std::int64_t open_count = 0;
  for (const Item& item : repository.collection("issues"))
    open_count += text_at(item.document, "state") == "open";
  repository.document["open_issues_count"] = open_count;
}

}  // namespace ghmesh::sim::world
