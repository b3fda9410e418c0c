// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the tests and benchmarks of this room share: principals, bodies that look like GitHub's, a folder that goes
// away.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "base/text.h"
#include "cache/cache.h"
#include "crypto/hash.h"

namespace ghmesh::cache::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (base() / "ghmesh-cache-XXXXXX").string();
    GHMESH_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Where the store goes: one level down, so that the cache makes it.
  std::filesystem::path store() const { return path_ / "store"; }

 private:
  // In memory where that is possible: what these tests inject (kills, flips, full disks) needs no slow disk to be true.
  static std::filesystem::path base() {
    return ::access("/dev/shm", W_OK) == 0 ? std::filesystem::path("/dev/shm")
                                           : std::filesystem::temp_directory_path();
  }

  std::filesystem::path path_;
};

inline github::Principal principal_named(std::string_view name) {
  github::Principal principal;
  const crypto::Digest digest = crypto::sha256(as_bytes(name));
  std::copy_n(digest.begin(), principal.id.size(), principal.id.begin());
  principal.locate_key = crypto::hkdf_sha256(digest, {}, "test locate", 32);
  principal.seal_key = crypto::hkdf_sha256(digest, {}, "test seal", 32);
  return principal;
}

inline EntryRef entry_with(std::string body) {
  Entry entry;
  entry.status = 200;
  entry.headers = {{"content-type", "application/json; charset=utf-8"},
                   {"x-github-media-type", "github.v3; format=json"}};
  entry.body = http::make_body(std::move(body));
  entry.etag = hex(crypto::sha256(as_bytes(*entry.body)));
  entry.is_etag_computed = true;
  entry.upstream_date = wall_time(1'770'000'000);
  entry.fetched_at = wall_time(1'770'000'001);
  entry.proven_at = wall_time(1'770'000'061);
  entry.ttl = Seconds(60);
  return finish_entry(std::move(entry));
}

inline std::string random_hex(Random& random, std::size_t digits_count) {
  std::string out;
  while (out.size() < digits_count) {
    Bytes word;
    append_big_endian<std::uint64_t>(word, random());
    out += hex(word);
  }
  out.resize(digits_count);
  return out;
}

// Incompressible, so that sizes are what they say.
inline std::string noise(Random& random, std::size_t bytes_count) {
  std::string out(bytes_count, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

// One workflow run as GitHub writes it, every name, number, hash and date its own: 2 KB of JSON. Not taken from what
// the dictionary was trained with: the words are of this file.
inline std::string run_body(std::uint64_t seed) {
  Random random(seed);
  static constexpr std::string_view kOwners[] = {"zephyr-labs", "mira", "northwind", "quux-io",
                                                 "tofu-factory"};
  static constexpr std::string_view kNames[] = {"billing",    "web-app",   "sensor_hub",
                                                "infra.live", "docs-site", "parser"};
  static constexpr std::string_view kWords[] = {
      "Fix",  "flaky",  "timeout", "in",  "retry",   "loop",    "when", "cache", "misses",
      "bump", "parser", "version", "for", "nightly", "release", "and",  "tests"};
  const std::string owner(kOwners[random.below(std::size(kOwners))]);
  const std::string name(kNames[random.below(std::size(kNames))]);
  const std::string run = std::to_string(10'000'000'000 + random.below(9'000'000'000));
  const std::string api = "https://api.github.com/repos/" + owner + "/" + name;
  std::string title;
  for (int i = 0; i < 7; ++i)
    title += (i > 0 ? " " : "") + std::string(kWords[random.below(std::size(kWords))]);
  const auto number = [&](std::uint64_t bound) { return std::to_string(1 + random.below(bound)); };
  const auto date = [&] {
    return "\"2026-0" + number(8) + "-1" + number(8) + "T1" + number(8) + ":2" + number(8) + ":3" +
           number(8) + "Z\"";
  };
  const std::string actor_id = number(90'000'000);
  const std::string actor = "{\"login\":\"" + owner + "-dev" + number(99) +
                            "\",\"id\":" + actor_id + ",\"node_id\":\"U_" + random_hex(random, 16) +
                            "\",\"avatar_url\":\"https://avatars.githubusercontent.com/u/" +
                            actor_id + "?v=4\",\"type\":\"User\",\"site_admin\":false}";
  return "{\"id\":" + run + ",\"name\":\"build\",\"node_id\":\"WFR_" + random_hex(random, 20) +
         "\",\"head_branch\":\"feature/" + std::string(kWords[random.below(std::size(kWords))]) +
         "-" + number(9999) + "\",\"head_sha\":\"" + random_hex(random, 40) +
         "\",\"path\":\".github/workflows/ci.yml\",\"display_title\":\"" + title +
         "\",\"run_number\":" + number(9000) +
         ",\"event\":\"push\",\"status\":\"completed\",\"conclusion\":\"success\",\"workflow_"
         "id\":" +
         number(99'000'000) + ",\"check_suite_id\":" + number(40'000'000'000) +
         ",\"check_suite_node_id\":\"CS_" + random_hex(random, 20) + "\",\"url\":\"" + api +
         "/actions/runs/" + run + "\",\"html_url\":\"https://github.com/" + owner + "/" + name +
         "/actions/runs/" + run + "\",\"pull_requests\":[],\"created_at\":" + date() +
         ",\"updated_at\":" + date() + ",\"actor\":" + actor +
         ",\"run_attempt\":1,\"run_started_at\":" + date() + ",\"triggering_actor\":" + actor +
         ",\"jobs_url\":\"" + api + "/actions/runs/" + run + "/jobs\",\"logs_url\":\"" + api +
         "/actions/runs/" + run + "/logs\",\"check_suite_url\":\"" + api + "/check-suites/" +
         number(40'000'000'000) + "\",\"artifacts_url\":\"" + api + "/actions/runs/" + run +
         "/artifacts\",\"cancel_url\":\"" + api + "/actions/runs/" + run +
         "/cancel\",\"rerun_url\":\"" + api + "/actions/runs/" + run +
         "/rerun\",\"head_commit\":{\"id\":\"" + random_hex(random, 40) + "\",\"tree_id\":\"" +
         random_hex(random, 40) + "\",\"message\":\"" + title + "\",\"timestamp\":" + date() +
         ",\"author\":{\"name\":\"" + owner + "\",\"email\":\"dev" + number(999) +
         "@example.com\"}},\"repository\":{\"id\":" + number(900'000'000) + ",\"name\":\"" + name +
         "\",\"full_name\":\"" + owner + "/" + name + "\",\"private\":true,\"url\":\"" + api +
         "\"}}";
}

inline std::string key_number(std::uint64_t number) {
  return "14:api.github.com\x1f/repos/zephyr-labs/web-app/actions/runs/" + std::to_string(number) +
         "\x1f\x1f"
         "application/json";
}

inline std::unique_ptr<Cache> open_or_die(Options options) {
  auto cache = Cache::open(std::move(options));
  GHMESH_CHECK(cache.has_value());
  return std::move(*cache);
}

}  // namespace ghmesh::cache::test
