// SPDX-License-Identifier: Apache-2.0 OR MIT
// What this process asks its leader and tells it. A leader asks itself, through its own socket: one way, one set of
// limits, and a flight is shared with those of the others.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "crew/state.h"

namespace ghmesh::crew {
namespace {

net::UpstreamRequest request_to_leader(std::string target, std::string body) {
  net::UpstreamRequest request;
  request.method = "POST";
  request.url = "http://" + std::string(node::kLeaderHost) + std::move(target);
  request.body = std::move(body);
  return request;
}

// The leader's proxy takes it for what gh would send: any host of its socket is api.github.com.
net::UpstreamRequest request_of(const Question& question) {
  net::UpstreamRequest request;
  request.method = question.method;
  request.url = "http://api.github.com" + question.target;
  request.headers = question.headers;
  if (!question.upstream.empty()) request.headers.add(node::kUpstreamField, question.upstream);
  request.authorization = question.authorization;
  request.body = question.body;
  return request;
}

net::awaitable<void> fetch_into(net::Upstream& client, net::UpstreamRequest request,
                                std::optional<Result<http::Answer>>& answer) {
  answer = co_await client.fetch(std::move(request), kAnswerBytesMax);
}

bool is_leader_gone(const Error& error) {
  return error == Errc::upstream_broken || error == Errc::upstream_unreachable;
}

}  // namespace

net::awaitable<bool> Crew::State::wait_for_role(Instant deadline) {
  asio::steady_timer timer(context);
  waiting.insert(&timer);
  while (role == Role::none && !is_stopping && MonotonicClock::now() < deadline) {
    timer.expires_at(std::chrono::steady_clock::time_point(deadline.time_since_epoch()));
    static_cast<void>(co_await timer.async_wait(asio::as_tuple(asio::use_awaitable)));
  }
  waiting.erase(&timer);
  co_return role != Role::none && !is_stopping;
}

net::awaitable<Result<http::Answer>> Crew::State::fetch(net::UpstreamRequest request,
                                                        Instant deadline) {
  const auto signal = std::make_shared<asio::cancellation_signal>();
  asio::steady_timer timer(context,
                           std::chrono::steady_clock::time_point(deadline.time_since_epoch()));
  timer.async_wait([signal](const Error& error) {
    if (!error) signal->emit(asio::cancellation_type::terminal);
  });
  under_way.insert(signal);
  auto token = asio::bind_cancellation_slot(signal->slot(), asio::use_awaitable);
  std::optional<Result<http::Answer>> fetched;
  auto transfer = fetch_into(client, std::move(request), fetched);
  co_await asio::co_spawn(context, std::move(transfer), std::move(token));
  under_way.erase(signal);
  timer.cancel();
  Result<http::Answer> answer = *std::move(fetched);
  if (!answer && answer.error() == Errc::cancelled && !is_stopping) co_return Errc::timed_out;
  co_return answer;
}

net::awaitable<Result<http::Answer>> Crew::State::call(std::function<net::UpstreamRequest()> make,
                                                       Instant deadline) {
  for (int broken_count = 0;;) {
    const bool has_role = co_await wait_for_role(deadline);
    if (is_stopping) co_return Errc::cancelled;
    if (!has_role) co_return Errc::timed_out;
    auto request = make();
    auto answer = co_await fetch(std::move(request), deadline);
    if (is_stopping) co_return Errc::cancelled;
    if (answer || !is_leader_gone(answer.error())) co_return answer;
    if (MonotonicClock::now() >= deadline) co_return Errc::timed_out;
    // Nothing of it was sent where nobody answers, so that may be tried as often as one likes.
    if (answer.error() == Errc::upstream_broken && broken_count++ >= kBrokenCallsMax)
      co_return answer;
    asio::steady_timer look(context, kLookPause);
    static_cast<void>(co_await look.async_wait(asio::as_tuple(asio::use_awaitable)));
  }
}

net::awaitable<void> Crew::State::ask(std::shared_ptr<Question> question, Instant deadline,
                                      std::function<void(Result<http::Answer>)> done) {
  const auto self = shared_from_this();
  std::function<net::UpstreamRequest()> make = [question] { return request_of(*question); };
  auto answer = co_await call(std::move(make), deadline);
  done(std::move(answer));
}

net::awaitable<void> Crew::State::recall(std::string name, Instant deadline,
                                         std::function<void(bool)> done) {
  const auto self = shared_from_this();
  const bool has_role = co_await wait_for_role(deadline);
  std::shared_ptr<node::Node> node;
  bool is_fitting = false;
  {
    const std::lock_guard lock(mutex);
    node = leading;
    is_fitting = is_swarm_fitting;
  }
  const Duration patience = deadline - MonotonicClock::now();
  bool was_found = false;
  if (has_role && is_fitting && patience > 0s) {
    if (node) {
      was_found = co_await node->recall(std::move(name), patience);
    } else {
      const std::string target = "/v1/recall?patience=" + std::to_string(patience / 1ms + 1);
      std::function<net::UpstreamRequest()> make = [target, name] {
        return request_to_leader(target, name);
      };
      const auto answer = co_await call(std::move(make), deadline);
      was_found = answer && answer->status == 204;
    }
  }
  // The last one to look at a leader that has ended destroys it, and not on a thread of its own.
  node.reset();
  done(was_found);
}

void Crew::State::wake_teller() {
  {
    const std::lock_guard lock(mutex);
    if (unshared.empty()) return;
  }
  if (is_telling || role == Role::none || is_stopping) return;
  is_telling = true;
  net::spawn(context.get_executor(), "crew_tell", tell());
}

// Until nothing is left. What a leader did not take before it died is told to the next one.
net::awaitable<void> Crew::State::tell() {
  const auto self = shared_from_this();
  while (role != Role::none && !is_stopping) {
    std::vector<node::ShareItem> items;
    std::shared_ptr<node::Node> node;
    bool is_fitting = false;
    {
      const std::lock_guard lock(mutex);
      node = leading;
      is_fitting = is_swarm_fitting;
      for (std::size_t bytes = 0; !unshared.empty() && bytes < kPostBytesMax;) {
        bytes += node::share_item_bytes(unshared.front());
        unshared_bytes -= node::share_item_bytes(unshared.front());
        items.push_back(std::move(unshared.front()));
        unshared.pop_front();
      }
    }
    if (items.empty()) break;
    if (!is_fitting) continue;
    if (node) {
      node->share(std::move(items));
      continue;
    }
    auto body = std::make_shared<std::string>();
    for (const node::ShareItem& item : items) node::append_share_item(*body, item);
    std::function<net::UpstreamRequest()> make = [body] {
      return request_to_leader("/v1/share", *body);
    };
    static_cast<void>(co_await call(std::move(make), MonotonicClock::now() + 10s));
  }
  is_telling = false;
}

void Crew::share(node::ShareItem item) {
  if (state_->swarm.empty()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->unshared_bytes += node::share_item_bytes(item);
    state_->unshared.push_back(std::move(item));
    while (state_->unshared_bytes > kUnsharedBytesMax) {
      state_->unshared_bytes -= node::share_item_bytes(state_->unshared.front());
      state_->unshared.pop_front();
      ++state_->unshared_dropped;
    }
    if (state_->unshared.size() > 1) return;  // whoever put the first has woken the teller
  }
  static_cast<void>(state_->command([state = state_] { state->wake_teller(); }));
}

void Crew::recall(std::string name, Duration patience, std::function<void(bool)> done) {
  auto begin = [state = state_, name = std::move(name), deadline = MonotonicClock::now() + patience,
                done]() mutable {
    net::spawn(state->context.get_executor(), "crew_recall",
               state->recall(std::move(name), deadline, std::move(done)));
  };
  if (!state_->command(std::move(begin))) done(false);
}

void Crew::ask(Question question, Duration patience,
               std::function<void(Result<http::Answer>)> done) {
  auto held = std::make_shared<Question>(std::move(question));
  auto begin = [state = state_, held, deadline = MonotonicClock::now() + patience, done]() mutable {
    net::spawn(state->context.get_executor(), "crew_ask",
               state->ask(std::move(held), deadline, std::move(done)));
  };
  if (!state_->command(std::move(begin))) done(Errc::cancelled);
}

}  // namespace ghmesh::crew
