// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/coalesce.h"

namespace ghmesh::proxy {

Flights::Boarding Flights::board(const crypto::TableHash& key) {
  const std::lock_guard lock(mutex_);
  FlightRef& flight = flying_[key];
  if (flight) return {.flight = flight, .is_first = false};
  flight = std::make_shared<Flight>();
  return {.flight = flight, .is_first = true};
}

void Flights::land(const crypto::TableHash& key, const FlightRef& flight, Outcome outcome) {
  flight->outcome_ = std::move(outcome);
  {
    // Off the board before anybody wakes: whoever asks from now on looks into the cache first.
    const std::lock_guard lock(mutex_);
    flying_.erase(key);
  }
  flight->event_.set();
}

void Flights::abandon(const crypto::TableHash& key, const FlightRef& flight) {
  {
    const std::lock_guard lock(mutex_);
    flying_.erase(key);
  }
  flight->event_.abandon();
}

std::size_t Flights::size() const {
  const std::lock_guard lock(mutex_);
  return flying_.size();
}

}  // namespace ghmesh::proxy
