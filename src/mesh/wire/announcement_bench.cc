// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <benchmark/benchmark.h>

#include <fstream>
#include <iterator>

#include "mesh/wire/announcement.h"

namespace ghmesh::mesh {
namespace {

Fetched statement() {
  std::ifstream file("src/mesh/wire/data/issue_comment.json");
  const std::string body{std::istreambuf_iterator<char>(file), {}};
  Fetched said{.headers = {{"cache-control", "private, max-age=60, s-maxage=60"},
                           {"content-type", "application/json; charset=utf-8"},
                           {"last-modified", "Fri, 30 Jan 2026 09:02:17 GMT"},
                           {"x-github-media-type", "github.v3; format=json"}}};
  said.upstream_date = wall_time(1'770'000'000);
  said.ttl = Seconds(60);
  said.body_digest = crypto::sha256(as_bytes(body));
  said.body_bytes = body.size();
  said.body = http::make_body(body);
  return said;
}

void MeshWriteAnnouncement(benchmark::State& state) {
  const Announcement said = statement();
  for (auto _ : state) benchmark::DoNotOptimize(write_announcement(said));
  state.counters["bytes"] = static_cast<double>(write_announcement(said)->size());
}
BENCHMARK(MeshWriteAnnouncement);

void MeshParseAnnouncement(benchmark::State& state) {
  const Bytes written = *write_announcement(statement());
  for (auto _ : state) benchmark::DoNotOptimize(parse_announcement(written));
}
BENCHMARK(MeshParseAnnouncement);

}  // namespace
}  // namespace ghmesh::mesh
