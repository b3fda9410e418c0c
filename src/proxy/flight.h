// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to proxy/: what all flights have in common, whatever they ask GitHub.
#pragma once

#include <exception>
#include <string_view>
#include <utility>

#include "cache/entry.h"
#include "github/route.h"
#include "http/fields.h"
#include "proxy/coalesce.h"
#include "proxy/governor.h"
#include "proxy/principals.h"

namespace ghmesh::proxy {

// Lands the flight even if its coroutine throws: nobody waits for ever. A coroutine that is destroyed where it stands
// means that the program ends: then nobody is woken any more.
class Landing {
 public:
  Landing(Flights& flights, const crypto::TableHash& key, FlightRef flight)
      : flights_(flights), key_(key), flight_(std::move(flight)) {}
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;
  ~Landing() {
    if (!flight_) return;
    if (std::uncaught_exceptions() == 0) {
      flights_.abandon(key_, flight_);
      return;
    }
    Outcome failed;
    failed.error = make_error_code(Errc::cancelled);
    flights_.land(key_, flight_, std::move(failed));
  }
  void land(Outcome outcome) {
    flights_.land(key_, std::exchange(flight_, nullptr), std::move(outcome));
  }

 private:
  Flights& flights_;
  crypto::TableHash key_;
  FlightRef flight_;
};

// A caller that has written since does not board a flight that took off before.
// Nor does one that wants GitHub's own word board a flight that may come home with a peer's.
crypto::TableHash flight_key(const Caller& caller, std::string_view key, std::uint64_t writes_count,
                             bool is_forced = false);

// Something has changed since this was proven, or in the same second.
bool is_outdated(const cache::Entry& entry, WallTime last_change);

http::CacheStatus status_of(http::Detail detail, const cache::EntryRef& entry, WallTime now);

// The fields of this very answer that concern the caller's principal and are never kept: the budget as it is now, and
// what the credential may do (gh reads the scopes).
http::Headers live_headers(const http::Headers& headers);

// Which of GitHub's budgets a route is charged to; static.
std::string_view resource_of(const github::Route& route);
Purse purse_of(const Caller& caller, std::string_view resource);

}  // namespace ghmesh::proxy
