// SPDX-License-Identifier: Apache-2.0 OR MIT
// A model of GitHub's API: pure and deterministic, for tests, simulations and the demo. docs/model.md says what it
// models.
//
// One object, one thread, no clock and no socket: a request and `now` go in, a reply comes out. The same seed, fixtures
// and sequence of requests give the same bytes. The reply may ask its shell for a delay or for a broken connection; the
// model itself never waits. Below /_model/ it is controlled: see control.cc, or docs/model.md.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"

namespace ghmesh::sim {

struct Options {
  std::uint64_t seed = 1;
  std::string fixtures;  // the text that tools/make_fixtures writes; empty: small bodies of our own
  std::string public_url = "https://api.github.com";  // what Link and the URLs in bodies begin with
  std::string files_url =
      "https://codeload.github.com";  // where redirects to archives and logs lead
  Duration latency = 0ns;             // how long every answer takes
  bool is_unlimited = false;          // neither limit refuses: for load, and for 100,000 requests
  int primary_refusal_status = 403;   // 403 or 429: GitHub uses both
};

struct Request {
  std::string_view method = "GET";
  std::string_view target;  // origin-form or absolute-form
  std::span<const http::FieldView> fields;
  std::string_view body;
  std::string_view client_address = "192.0.2.1";
};

// What becomes of the connection after or instead of the answer.
enum class Transport {
  whole,
  reset,      // close without a byte
  truncated,  // announce the whole body and send half of it
};

struct Reply {
  http::Answer answer;  // the body as it goes over the wire: pretty, or gzip, when it was asked for
  Duration delay = 0ns;
  Transport transport = Transport::whole;
};

class GitHub {
 public:
  explicit GitHub(Options options);
  ~GitHub();

  Reply handle(const Request& request, Now now);
  // False while a latency or a fault is set: then a reply may carry a delay or a broken connection.
  bool answers_at_once() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::sim
