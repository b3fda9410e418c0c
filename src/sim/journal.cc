// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/journal.h"

#include "base/text.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t kLinesMax = 1000;
constexpr std::size_t kPathsMax = 100'000;  // a test with more different paths reads the totals
constexpr std::size_t kBodyShownBytesMax = 4096;

bool is_secret_field(std::string_view name) {
  return equal_ignoring_case(name, "Authorization") || equal_ignoring_case(name, "Cookie");
}

}  // namespace

void Journal::note(const Request& request, const Caller& caller, Resource resource, int status,
                   std::int64_t charged, int points) {
  ++calls_total_;
  charged_total_ += charged;
  points_total_ += points;
  ++by_status_[status];
  ++calls_by_principal_[caller.principal];
  charged_[caller.principal][resource] += charged;
  const auto path = by_path_.find(request.target);
  if (path != by_path_.end()) ++path->second;
  else if (by_path_.size() < kPathsMax) by_path_.emplace(request.target, 1);

  if (lines_.size() == kLinesMax) lines_.pop_front();
  json::array fields;
  for (const http::FieldView& field : request.fields) {
    const bool is_masked = !shows_tokens_ && is_secret_field(field.name);
    fields.push_back(json::array{field.name, is_masked ? std::string_view("***") : field.value});
  }
  lines_.push_back({std::string(request.method), std::string(request.target), caller.principal,
                    std::move(fields), std::string(request.body.substr(0, kBodyShownBytesMax)),
                    status, charged});
}

void Journal::note_refusal(Refusal refusal) {
  refused_primary_ += refusal == Refusal::primary;
  refused_secondary_ += refusal == Refusal::secondary;
}

json::object Journal::stats(std::uint64_t punishable_calls) const {
  json::object statuses;
  for (const auto& [status, count] : by_status_) statuses[std::to_string(status)] = count;
  json::object paths;
  for (const auto& [path, count] : by_path_) paths[path] = count;
  json::object principals;
  for (const auto& [principal, charges] : charged_) {
    json::object resources;
    for (const auto& [resource, charged] : charges) resources[resource_name(resource)] = charged;
    principals[principal] = {{"calls", calls_by_principal_.at(principal)},
                             {"charged", std::move(resources)}};
  }
  const auto not_modified = by_status_.find(304);
  return {{"calls_total", calls_total_},
          {"charged_total", charged_total_},
          {"points_total", points_total_},
          {"not_modified_total", not_modified == by_status_.end() ? 0 : not_modified->second},
          {"refused_primary_total", refused_primary_},
          {"refused_secondary_total", refused_secondary_},
          {"punishable_total", punishable_calls},
          {"by_status", std::move(statuses)},
          {"by_principal", std::move(principals)},
          {"by_path", std::move(paths)}};
}

json::array Journal::log() const {
  json::array lines;
  for (const Line& line : lines_) {
    lines.push_back(json::object{{"method", line.method},
                                 {"target", line.target},
                                 {"principal", line.principal},
                                 {"status", line.status},
                                 {"charged", line.charged},
                                 {"fields", line.fields},
                                 {"body", line.body}});
  }
  return lines;
}

void Journal::clear() { *this = Journal(); }

}  // namespace ghmesh::sim
