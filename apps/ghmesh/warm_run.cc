// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "warm_run.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/text.h"
#include "command.h"
#include "github/links.h"

namespace ghmesh::app {
namespace {

// It waits for nobody, so it yields to whoever does (RFC 9218, 4.1; docs/freshness.md, "Limits").
constexpr std::string_view kPriority = "u=7";

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_limited(const ClientResponse& response) {
  if (response.status == 429) return true;
  return response.status == 403 &&
         (response.get("x-ratelimit-remaining") == "0" || !response.get("retry-after").empty());
}

// Whatever GitHub counted: "detail=fetched", and what was passed through.
bool is_charged(const ClientResponse& response) {
  const std::string_view how = response.get("cache-status");
  return how.ends_with("detail=fetched") || how.ends_with("detail=passed");
}

Seconds reset_in(const ClientResponse& response) {
  if (const auto after = read_number(response.get("retry-after")))
    return Seconds(static_cast<std::int64_t>(std::min<std::uint64_t>(*after, 86'400)));
  const auto reset = read_number(response.get("x-ratelimit-reset"));
  if (!reset) return Seconds(0);
  const auto now = to_seconds(read_clocks().wall);
  return Seconds(std::clamp<std::int64_t>(static_cast<std::int64_t>(*reset) - now, 0, 86'400));
}

}  // namespace

std::string warm_target(std::string_view text) {
  for (std::string_view scheme : {"https://", "http://"}) {
    if (!starts_with_ignoring_case(text, scheme)) continue;
    text.remove_prefix(scheme.size());
    text.remove_prefix(std::min(text.find('/'), text.size()));
    break;
  }
  std::string target(text);
  if (!target.starts_with('/')) target.insert(0, "/");
  const bool is_clean = std::ranges::all_of(
      target, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
  if (!is_clean || target.size() > 8000) throw CommandError("not a path or URL: " + target);
  return target;
}

void WarmRun::add(WarmTarget target) {
  if (known_.size() >= kWarmTargetsMax || !known_.insert(target.target).second) return;
  waiting_.push_back(std::move(target));
  ++counts_.waiting;
}

WarmCounts WarmRun::go(const std::function<void(const WarmCounts&)>& show) {
  std::vector<std::thread> threads;
  for (unsigned job = 0; job < options_.jobs; ++job) threads.emplace_back([&] { work(show); });
  for (std::thread& thread : threads) thread.join();
  if (unreachable_) throw_unreachable(options_.socket, *unreachable_);
  return counts_;
}

void WarmRun::work(const std::function<void(const WarmCounts&)>& show) {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_stopped_ || !waiting_.empty() || busy_count_ == 0; });
    if (is_stopped_ || waiting_.empty()) return changed_.notify_all();
    const WarmTarget target = std::move(waiting_.front());
    waiting_.pop_front();
    --counts_.waiting;
    ++busy_count_;
    lock.unlock();
    ClientRequest request{.target = target.target};
    request.fields = {{"User-Agent", "ghmesh"},
                      {"Accept", "application/vnd.github+json"},
                      {"Priority", std::string(kPriority)}};
    if (!token_.empty()) request.fields.push_back({"Authorization", "token " + token_.reveal()});
    const auto answer = ask(options_.socket, request, kWarmBodyBytesMax);
    lock.lock();
    --busy_count_;
    if (answer) {
      note(target, *answer);
      show(counts_);
    } else if (counts_.asked == 0) {
      unreachable_ = answer.error();
      is_stopped_ = true;
    } else {
      fail(target, answer.error().message());
    }
    changed_.notify_all();
  }
}

void WarmRun::note(const WarmTarget& target, const WholeResponse& answer) {
  const ClientResponse& response = answer.response;
  counts_.remaining = read_number(response.get("x-ratelimit-remaining"));
  counts_.reset_in = reset_in(response);
  if (is_limited(response)) {
    counts_.stop = WarmStop::limited;
    is_stopped_ = true;
    return;
  }
  ++counts_.asked;
  if (is_charged(response)) ++counts_.charged;
  if (response.status == 200) {
    if (target.on_body) target.on_body(answer.body);
    add_next(target, response.get("link"));
  } else if (response.status != 404 && response.status != 409 && response.status != 410) {
    // 404: not there, or not for this token; 409: an empty repository. Both are answers, and kept where they may be.
    fail(target, response.status_line);
    return;
  }
  if (counts_.remaining && *counts_.remaining <= options_.reserve && is_charged(response) &&
      !waiting_.empty()) {
    counts_.stop = WarmStop::reserve;
    is_stopped_ = true;
  }
}

void WarmRun::add_next(const WarmTarget& target, std::string_view link) {
  const std::string_view next = github::find_link(link, "next");
  if (next.empty() || target.page >= options_.pages_max) return;
  add({.target = warm_target(next), .page = target.page + 1, .on_body = target.on_body});
}

void WarmRun::fail(const WarmTarget& target, std::string_view reason) {
  ++counts_.failed;
  if (counts_.failures.size() < kWarmFailuresShown)
    counts_.failures.push_back(target.target + ": " + std::string(reason));
}

}  // namespace ghmesh::app
