// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/p2p/session.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <deque>

#include "crypto/random.h"
#include "net/p2p/driver.h"

namespace ghmesh::net {
namespace {

using multiformats::Multiaddr;
using multiformats::PeerId;

// All attempts of a dial, each with its own deadline, and the handshake.
constexpr Duration kConnectPatience = 20s;

}  // namespace

struct Session::State {
  State(keys::PrivateKey identity_in, host::Options options)
      : identity(std::move(identity_in)),
        host(std::move(options), identity, crypto::random_seed(), MonotonicClock::now()),
        driver(context.get_executor(), host,
               [this](const host::Event& event) { events.push_back(event); }) {}

  // For what is not told by an event.
  template <class Condition>
  void run_while_not(const Condition& is_met, Duration patience) {
    const Instant end = MonotonicClock::now() + patience;
    while (!is_met() && !context.stopped() && MonotonicClock::now() < end)
      context.run_one_for(100ms);
  }

  asio::io_context context{1};
  const keys::PrivateKey identity;
  host::Host host;
  std::deque<host::Event> events;
  asio::signal_set signals{context};
  Driver driver;  // the last: its sockets close first
};

Session::Session(keys::PrivateKey identity, host::Options options)
    : state_(std::make_unique<State>(std::move(identity), std::move(options))) {}

Session::~Session() = default;

host::Host& Session::host() { return state_->host; }

Result<std::vector<std::string>> Session::listen(const std::string& text) {
  auto address = Multiaddr::parse_text(text);
  if (!address) return address.error();
  auto bound = state_->driver.listen(*address);
  if (!bound) return bound.error();
  state_->host.set_listen_addresses(*bound, MonotonicClock::now());
  state_->driver.turn();
  std::vector<std::string> addresses;
  for (const Multiaddr& each : *bound)
    addresses.push_back(each.text() + "/p2p/" + state_->host.self().text());
  return addresses;
}

Result<PeerId> Session::connect(const std::string& text) {
  auto address = Multiaddr::parse_text(text);
  if (!address) return address.error();
  std::optional<Result<host::DialId>> dialing;
  state_->driver.dial(*address, [&dialing](Result<host::DialId> begun) { dialing = begun; });
  Result<PeerId> outcome = Errc::timed_out;
  const auto is_over = [&](const host::Event& event) {
    if (!dialing || !dialing->has_value()) return false;
    const auto* connected = std::get_if<host::Connected>(&event);
    if (connected && connected->dial == dialing->value()) outcome = connected->peer;
    const auto* failed = std::get_if<host::DialFailed>(&event);
    if (failed && failed->dial == dialing->value()) outcome = failed->reason;
    return outcome.has_value() || outcome.error() != Errc::timed_out;
  };
  const auto has_begun = [&dialing] { return dialing.has_value(); };
  state_->run_while_not(has_begun, kConnectPatience);
  if (!dialing) return Errc::timed_out;
  if (!*dialing) return dialing->error();
  run_until(is_over, kConnectPatience);
  return outcome;
}

Result<void> Session::discover(LocalPeersOptions options) {
  return state_->driver.discover(std::move(options));
}

bool Session::run_until(const std::function<bool(const host::Event&)>& handle, Duration patience) {
  const bool has_end = patience != Duration::max();
  const Instant end = has_end ? MonotonicClock::now() + patience : Instant::max();
  for (;;) {
    state_->driver.turn();
    while (!state_->events.empty()) {
      const host::Event event = std::move(state_->events.front());
      state_->events.pop_front();
      if (handle(event)) return true;
    }
    state_->driver.turn();
    if (state_->context.stopped() || MonotonicClock::now() >= end) return false;
    if (!state_->events.empty()) continue;
    if (has_end) state_->context.run_one_for(end - MonotonicClock::now());
    else state_->context.run_one();
  }
}

void Session::run(const std::function<void(const host::Event&)>& handle, Duration duration) {
  const auto go_on = [&handle](const host::Event& event) {
    handle(event);
    return false;
  };
  run_until(go_on, duration);
}

void Session::interrupt() { state_->context.stop(); }

void Session::end_on_signal() {
  Error ignored;
  state_->signals.add(SIGINT, ignored);
  state_->signals.add(SIGTERM, ignored);
  state_->signals.async_wait([this](const Error& error, int) {
    if (!error) interrupt();
  });
}

}  // namespace ghmesh::net
