// SPDX-License-Identifier: Apache-2.0 OR MIT
// Where flights meet the governor.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "proxy/decide.h"
#include "proxy/flight.h"
#include "proxy/proxy.h"
#include "proxy/request.h"

namespace ghmesh::proxy {

net::awaitable<std::shared_ptr<const http::Answer>> Proxy::seek_permit(const Caller& caller,
                                                                       std::string_view resource,
                                                                       Cost cost, Urgency urgency) {
  const Purse purse = purse_of(caller, resource);
  const Instant give_up_at = read_clocks().instant + kHoldMax;
  // Several nodes spend one budget; what nobody waits for here must not take the last of it from the others.
  std::optional<KnownBudget> told;
  if (peers_ && urgency == Urgency::background)
    told = peers_->told_budget(caller, resource, read_clocks().wall);
  const KnownBudget* const told_by_peers = told ? &*told : nullptr;
  Permit permit = governor_.ask(purse, cost, urgency, read_clocks(), told_by_peers);
  while (permit.word == Permit::Word::hold && read_clocks().instant + permit.wait <= give_up_at) {
    net::asio::steady_timer timer(co_await net::asio::this_coro::executor);
    timer.expires_after(permit.wait);
    co_await timer.async_wait(net::asio::use_awaitable);
    permit = governor_.ask(purse, cost, urgency, read_clocks(), told_by_peers);
  }
  if (permit.word == Permit::Word::go) co_return nullptr;
  const WallTime now = read_clocks().wall;
  if (permit.word == Permit::Word::hold)
    permit.until = now + std::chrono::ceil<Seconds>(permit.wait);
  KnownBudget budget;
  const bool is_known = governor_.find(purse, now, budget);
  co_return std::make_shared<const http::Answer>(
      write_refusal(permit, purse, is_known ? &budget : nullptr, now));
}

Outcome Proxy::stand_in_for_limit(const Caller& caller, const cache::EntryRef& own,
                                  std::shared_ptr<const http::Answer> refusal, WallTime now) const {
  Outcome outcome;
  if (may_stand_in(stand_in_of(caller, own, now), Trouble::limited)) {
    outcome.entry = own;
    outcome.status = status_of(http::Detail::stale, own, now);
  } else {
    outcome.status.detail = http::Detail::limited;
    outcome.answer = std::move(refusal);
  }
  return outcome;
}

void Proxy::append_budget(const Caller& caller, std::string_view resource, WallTime now,
                          std::string& more_head) const {
  KnownBudget budget;
  if (!governor_.find(purse_of(caller, resource), now, budget)) return;
  const auto line = [&](std::string_view name, std::uint64_t number) {
    more_head += name;
    more_head += std::to_string(number);
    more_head += "\r\n";
  };
  line("X-RateLimit-Limit: ", budget.limit);
  line("X-RateLimit-Remaining: ", budget.remaining);
  line("X-RateLimit-Used: ", budget.limit - std::min(budget.limit, budget.remaining));
  line("X-RateLimit-Reset: ", static_cast<std::uint64_t>(to_seconds(budget.reset)));
  more_head += "X-RateLimit-Resource: ";
  more_head += resource;
  more_head += "\r\n";
}

}  // namespace ghmesh::proxy
