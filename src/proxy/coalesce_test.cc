// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/coalesce.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace ghmesh::proxy {
namespace {

namespace asio = net::asio;

const crypto::TableHash kKey{1, 2};

net::awaitable<void> wait_for(FlightRef flight, std::atomic<int>& landed_count) {
  co_await flight->landed();
  if (flight->outcome().status.forwarded_status == 200) ++landed_count;
}

TEST(Flights, TheFirstCallerIsToldSoAndTheOthersAreNot) {
  Flights flights;
  const auto first = flights.board(kKey);
  const auto second = flights.board(kKey);
  EXPECT_TRUE(first.is_first);
  EXPECT_FALSE(second.is_first);
  EXPECT_EQ(first.flight, second.flight);
  EXPECT_TRUE(flights.board({3, 4}).is_first);
}

TEST(Flights, ALandedFlightIsOffTheBoard) {
  Flights flights;
  const auto first = flights.board(kKey);
  flights.land(kKey, first.flight, {});
  EXPECT_EQ(flights.size(), 0u);
  EXPECT_TRUE(flights.board(kKey).is_first);
}

TEST(Flights, EveryWaiterOnEveryThreadIsWoken) {
  constexpr int kWaitersCount = 1000;
  Flights flights;
  asio::io_context one, two;
  std::atomic<int> landed_count{0};
  FlightRef flight;
  for (int i = 0; i < kWaitersCount; ++i) {
    flight = flights.board(kKey).flight;
    asio::co_spawn(i % 2 == 0 ? one : two, wait_for(flight, landed_count), asio::detached);
  }
  auto guard_one = asio::make_work_guard(one);
  auto guard_two = asio::make_work_guard(two);
  std::thread thread_one([&one] { one.run(); });
  std::thread thread_two([&two] { two.run(); });
  Outcome outcome;
  outcome.status.forwarded_status = 200;
  flights.land(kKey, flight, std::move(outcome));
  guard_one.reset();
  guard_two.reset();
  thread_one.join();
  thread_two.join();
  EXPECT_EQ(landed_count, kWaitersCount);
}

TEST(Flights, WaitingForALandedFlightGoesOnAtOnce) {
  Flights flights;
  const auto boarding = flights.board(kKey);
  Outcome outcome;
  outcome.status.forwarded_status = 200;
  flights.land(kKey, boarding.flight, std::move(outcome));
  asio::io_context context;
  std::atomic<int> landed_count{0};
  asio::co_spawn(context, wait_for(boarding.flight, landed_count), asio::detached);
  context.run();
  EXPECT_EQ(landed_count, 1);
}

}  // namespace
}  // namespace ghmesh::proxy
