// SPDX-License-Identifier: Apache-2.0 OR MIT
// One flight per key: however many callers ask for the same thing at the same time, the upstream is asked once.
//
// The first caller starts the flight, which runs on its own and not inside that caller's connection: a caller that
// hangs up takes nobody down. Everybody, the first one included, waits for the flight to land; a waiter costs one small
// allocation. The key of a flight holds the principal (threat 15: coalescing needs the same key as the cache).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "cache/entry.h"
#include "crypto/hash.h"
#include "http/fields.h"
#include "http/message.h"
#include "net/event.h"

namespace ghmesh::proxy {

// What a flight brings home: an entry that may be served to everyone who waits, or an answer that is not kept.
struct Outcome {
  cache::EntryRef entry;
  std::shared_ptr<const http::Answer> answer;  // set when there is no entry
  Error error;                                 // set when there is neither
  http::CacheStatus status;
  http::Headers live_headers;  // of this very answer: the budget, the request id
};

class Flight {
 public:
  // Waits until the flight has landed. Lives as long as somebody holds the Flight.
  net::awaitable<void> landed() { return event_.wait(); }
  const Outcome& outcome() const { return outcome_; }  // after landed()

 private:
  friend class Flights;
  net::Event event_;
  Outcome outcome_;
};
using FlightRef = std::shared_ptr<Flight>;

// Thread-safe.
class Flights {
 public:
  struct Boarding {
    FlightRef flight;
    bool is_first = false;  // the caller must see to it that land() is called
  };
  Boarding board(const crypto::TableHash& key);
  void land(const crypto::TableHash& key, const FlightRef& flight, Outcome outcome);
  // The program ends: nobody will bring it home.
  void abandon(const crypto::TableHash& key, const FlightRef& flight);
  std::size_t size() const;

 private:
  struct HashFirstWord {
    std::size_t operator()(const crypto::TableHash& hash) const { return hash[0]; }
  };
  mutable std::mutex mutex_;
  std::unordered_map<crypto::TableHash, FlightRef, HashFirstWord> flying_;
};

}  // namespace ghmesh::proxy
