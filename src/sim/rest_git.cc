// SPDX-License-Identifier: Apache-2.0 OR MIT
// Reading what git holds: commits by any name, references, trees, files and directories.
#include <algorithm>

#include "base/text.h"
#include "sim/rest.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;
using world::Item;
using world::Repository;
using world::text_at;

// The commit that a branch, a tag, "HEAD" or an object id means; nullptr for none.
const json::object* find_commit(Repository& repository, std::string_view name) {
  auto& commits = repository.collection("commits");
  if (commits.empty()) return nullptr;
  if (name.starts_with("heads/") || name.starts_with("tags/"))
    name.remove_prefix(name.find('/') + 1);
  if (name == "HEAD") return &commits.front().document;
  std::string sha(name);
  for (const char* collection : {"branches", "tags"})
    if (const Item* item = find_item(repository.collection(collection), "name", name))
      sha = text_at(item->document, "commit.sha");
  const Item* commit = find_item(commits, "sha", sha);
  return commit ? &commit->document : nullptr;
}

std::string blob_id(std::string_view text) { return world::object_id("blob:" + std::string(text)); }

json::object told_file(const Repository& repository, const std::string& path,
                       const std::string& text, bool has_content) {
  const std::string url =
      "https://api.github.com/repos/" + repository.full_name() + "/contents/" + path + "?ref=main";
  const std::string sha = blob_id(text);
  json::object file = {
      {"name", path.substr(path.rfind('/') + 1)},
      {"path", path},
      {"sha", sha},
      {"size", text.size()},
      {"url", url},
      {"html_url", "https://github.com/" + repository.full_name() + "/blob/main/" + path},
      {"git_url", "https://api.github.com/repos/" + repository.full_name() + "/git/blobs/" + sha},
      {"download_url",
       "https://raw.githubusercontent.com/" + repository.full_name() + "/main/" + path},
      {"type", "file"}};
  if (has_content) {
    file["content"] = base64(as_bytes(text)) + "\n";
    file["encoding"] = "base64";
  }
  return file;
}

json::array told_directory(const Repository& repository, const std::string& directory) {
  json::array entries;
  std::string last_directory;
  const std::string prefix = directory.empty() ? "" : directory + "/";
  for (const auto& [path, text] : repository.files) {
    if (!path.starts_with(prefix)) continue;
    const auto slash = path.find('/', prefix.size());
    if (slash == std::string::npos) {
      entries.push_back(told_file(repository, path, text, /*has_content=*/false));
      continue;
    }
    const std::string name = path.substr(0, slash);
    if (name == last_directory) continue;
    last_directory = name;
    entries.push_back(json::object{{"name", name.substr(prefix.size())},
                                   {"path", name},
                                   {"sha", world::object_id(name)},
                                   {"size", 0},
                                   {"type", "dir"},
                                   {"download_url", nullptr}});
  }
  return entries;
}

json::object told_reference(const Repository& repository, std::string_view kind,
                            const json::object& named) {
  const std::string name = "refs/" + std::string(kind) + "/" + std::string(text_at(named, "name"));
  const std::string base = "https://api.github.com/repos/" + repository.full_name() + "/git/";
  const std::string sha(text_at(named, "commit.sha"));
  return {{"ref", name},
          {"node_id", "REF_" + name},
          {"url", base + name},
          {"object", {{"sha", sha}, {"type", "commit"}, {"url", base + "commits/" + sha}}}};
}

json::array told_references(Repository& repository, std::string_view prefix) {
  json::array references;
  for (const auto& [collection, kind] :
       {std::pair{"branches", "heads"}, std::pair{"tags", "tags"}}) {
    for (const Item& item : repository.collection(collection)) {
      const std::string name =
          std::string(kind) + "/" + std::string(text_at(item.document, "name"));
      if (name.starts_with(prefix))
        references.push_back(told_reference(repository, kind, item.document));
    }
  }
  return references;
}

std::string join(const Segments& segments, std::size_t first) {
  std::string path;
  for (std::size_t i = first; i < segments.size(); ++i)
    path += (i == first ? "" : "/") + segments[i];
  return path;
}

// Commits of topic branches are made up; but the last one of each is known by its pull request.
bool is_head_of_a_pull(Repository& repository, std::string_view sha) {
  return std::ranges::any_of(repository.collection("pulls"), [&](const Item& pull) {
    const json::value* head = pull.document.if_contains("head");
    return head && head->is_object() && text_at(head->get_object(), "sha") == sha;
  });
}

}  // namespace

Outcome Rest::read_commit(const Question& question, const json::object& commit) {
  Outcome outcome;
  const std::string sha(text_at(commit, "sha"));
  if (question.representation.media == "sha") {
    outcome.content_type = "application/vnd.github.v3.sha; charset=utf-8";
    outcome.body = sha;
    return outcome;
  }
  if (question.representation.media == "diff" || question.representation.media == "patch") {
    outcome.content_type =
        "application/vnd.github.v3." + question.representation.media + "; charset=utf-8";
    outcome.body = "diff --git a/src/main.c b/src/main.c\n# " + sha + "\n";
    return outcome;
  }
  return json_outcome(commit, question.representation);
}

std::optional<Outcome> Rest::read_git(const Question& question) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  if (matches(rest, "commits/*/status") || matches(rest, "commits/*/check-runs")) {
    const auto* commit = find_commit(repository, rest[1]);
    if (!commit && !is_head_of_a_pull(repository, rest[1]))
      return error_outcome(422, "No commit found for SHA: " + rest[1]);
    const std::string sha(commit ? text_at(*commit, "sha") : std::string_view(rest[1]));
    json::array statuses;
    for (const Item& item : repository.collection("statuses"))
      if (text_at(item.document, "sha") == sha) statuses.push_back(item.document);
    if (rest[2] == "check-runs") return list(question, {}, "check_runs");
    const std::string state(statuses.empty() ? "pending"
                                             : text_at(statuses.front().as_object(), "state"));
    return json_outcome(json::object{{"state", state},
                                     {"total_count", statuses.size()},
                                     {"statuses", std::move(statuses)},
                                     {"sha", sha}},
                        question.representation);
  }
  if (matches(rest, "commits/**") && rest.size() > 1 && rest.back() != "statuses") {
    const auto* commit = find_commit(repository, join(rest, 1));
    return commit ? read_commit(question, *commit)
                  : error_outcome(422, "No commit found for SHA: " + join(rest, 1));
  }
  if (matches(rest, "compare/*")) {
    const auto dots = rest[1].find("...");
    const auto* base = find_commit(repository, rest[1].substr(0, dots));
    const auto* head =
        dots == std::string::npos ? nullptr : find_commit(repository, rest[1].substr(dots + 3));
    if (!base || !head) return error_outcome(404, "Not Found");
    return json_outcome(json::object{{"base_commit", *base},
                                     {"merge_base_commit", *base},
                                     {"status", "identical"},
                                     {"ahead_by", 0},
                                     {"behind_by", 0},
                                     {"total_commits", 0},
                                     {"commits", json::array()},
                                     {"files", json::array()}},
                        question.representation);
  }
  if (rest[0] != "git" || rest.size() < 2) return std::nullopt;
  return read_git_objects(question);
}

std::optional<Outcome> Rest::read_git_objects(const Question& question) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  if (rest[1] == "ref" && rest.size() > 2) {
    for (auto& reference : told_references(repository, join(rest, 2)))
      if (text_at(reference.as_object(), "ref") == "refs/" + join(rest, 2))
        return json_outcome(reference, question.representation);
    return error_outcome(404, "Not Found");
  }
  if (rest[1] == "refs" || rest[1] == "matching-refs")
    return list(question, told_references(repository, join(rest, 2)), "");
  if (matches(rest, "git/commits/*")) {
    const auto* commit = find_commit(repository, rest[2]);
    if (!commit) return error_outcome(404, "Not Found");
    json::object told = commit->at("commit").as_object();
    told["sha"] = text_at(*commit, "sha");
    told["parents"] = commit->at("parents");
    return json_outcome(std::move(told), question.representation);
  }
  if (matches(rest, "git/trees/*")) {
    const auto* commit = find_commit(repository, rest[2]);
    if (!commit) return error_outcome(404, "Not Found");
    json::array tree;
    for (const auto& [path, text] : repository.files)
      tree.push_back(json::object{{"path", path},
                                  {"mode", "100644"},
                                  {"type", "blob"},
                                  {"sha", blob_id(text)},
                                  {"size", text.size()}});
    return json_outcome(
        json::object{{"sha", rest[2]}, {"tree", std::move(tree)}, {"truncated", false}},
        question.representation);
  }
  if (matches(rest, "git/blobs/*")) {
    for (const auto& [path, text] : repository.files)
      if (blob_id(text) == rest[2])
        return json_outcome(json::object{{"sha", rest[2]},
                                         {"size", text.size()},
                                         {"encoding", "base64"},
                                         {"content", base64(as_bytes(text)) + "\n"}},
                            question.representation);
    return error_outcome(404, "Not Found");
  }
  return std::nullopt;
}

std::optional<Outcome> Rest::read_contents(const Question& question) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  if (rest[0] != "contents" && !matches(rest, "readme")) return std::nullopt;
  if (const auto ref = question.query.get("ref"); !ref.empty() && !find_commit(repository, ref))
    return error_outcome(404, "No commit found for the ref " + std::string(ref));
  std::string path = rest[0] == "readme" ? "README.md" : join(rest, 1);
  while (path.ends_with('/')) path.pop_back();
  const auto file = repository.files.find(path);
  if (file != repository.files.end()) {
    if (question.representation.media == "raw") {
      Outcome outcome;
      outcome.content_type = "application/vnd.github.raw; charset=utf-8";
      outcome.body = file->second;
      return outcome;
    }
    if (question.representation.media == "html") {
      Outcome outcome;
      outcome.content_type = "application/vnd.github.html; charset=utf-8";
      outcome.body = "<div id=\"file\"><article>" + file->second + "</article></div>";
      return outcome;
    }
    return json_outcome(told_file(repository, path, file->second, /*has_content=*/true),
                        question.representation);
  }
  json::array entries = told_directory(repository, path);
  if (entries.empty()) return error_outcome(404, "Not Found");
  Outcome outcome =
      question.representation.media == "object"
          ? json_outcome(
                json::object{{"type", "dir"}, {"path", path}, {"entries", std::move(entries)}},
                question.representation)
          : json_outcome(std::move(entries), question.representation);
  outcome.git_object_id = world::object_id("tree:" + path + ":" + outcome.body);
  return outcome;
}

}  // namespace ghmesh::sim
