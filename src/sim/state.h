// SPDX-License-Identifier: Apache-2.0 OR MIT
// The inside of the model: what GitHub (github.h) is made of. github.cc answers requests with it, control.cc turns its
// knobs.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "sim/accounts.h"
#include "sim/github.h"
#include "sim/journal.h"
#include "sim/limits.h"
#include "sim/rest.h"
#include "sim/validators.h"
#include "sim/world/world.h"

namespace ghmesh::sim {

// What a test may break on purpose.
struct Switches {
  EtagRule etag_rule = EtagRule::github;
  bool is_304_bare = false;  // without ETag and Link, as GitHub's sometimes are
  Duration latency = 0ns;
};

struct Fault {
  enum class Kind { status, reset, truncated, slow, primary, secondary };
  Kind kind = Kind::status;
  int status = 500;
  Duration delay = 0ns;
  std::string path_prefix;  // empty: every path
  std::int64_t count = 1;   // how many calls it hits; then it is over
};

// The fields of a request that decide anything.
struct Wishes {
  EtagRequest etag;
  std::vector<std::string_view> if_none_match;
  std::string_view accept_encoding;
  std::string_view user_agent;
  std::string_view version;
  std::string_view host;
};
Wishes read_wishes(std::span<const http::FieldView> fields);

class GitHub::State {
 public:
  explicit State(Options options);

  Reply handle(const Request& request, Now now);
  bool answers_at_once() const { return switches_.latency == 0ns && faults_.empty(); }

 private:
  // A body that was told once and is kept while the world does not change.
  struct Rendered {
    Outcome outcome;
    http::Body compact;
    http::Body pretty;  // made when it is first asked for
    http::Body zipped;  // of the compact form
  };
  // What a GraphQL call costs: of the primary budget, and of the secondary one.
  struct Spent {
    std::int64_t primary = 1;
    int secondary = 1;
  };
  // A target, cut into what the model looks at.
  struct Place {
    std::string_view target;  // origin-form
    std::string_view path;
    std::string_view query;
    std::string_view host;
    world::Repository* repository = nullptr;
    Access access = Access::none;
    const world::Repository* moved_to = nullptr;
    std::size_t rest_at = 0;  // where the path below the repository begins
  };

  Place find_place(const Request& request, const Wishes& wishes);
  void find_repository(Place& place, const Caller& caller);
  Reply answer_call(const Request& request, const Wishes& wishes, Place& place,
                    const Caller& caller, Now now);
  Outcome refuse(Refusal refusal, const Caller& caller, Resource resource, WallTime now);
  std::shared_ptr<Rendered> render(const Request& request, const Representation& representation,
                                   const Place& place, const Caller& caller, WallTime now,
                                   bool is_peek);
  Outcome tell(const Question& question, const Place& place);
  Outcome tell_graphql(const Request& request, const Caller& caller, WallTime now, Spent& spent);
  Outcome tell_move(const Place& place, std::string_view method);
  Outcome tell_rate_limit(const Caller& caller, WallTime now);
  Outcome tell_file(const Place& place);
  Question make_question(const Request& request, const Place& place, const Caller& caller,
                         WallTime now);
  http::Answer finish(const Request& request, const Wishes& wishes, const Caller& caller,
                      Rendered& rendered, const Representation& representation);
  void add_standing_headers(http::Answer& answer, const Caller& caller, Resource resource,
                            const Representation& representation, WallTime now);
  std::string make_etag(const Wishes& wishes, const Caller& caller, const Rendered& rendered) const;
  std::optional<Fault> take_fault(std::string_view path);

  // control.cc
  http::Answer control(const Request& request, const Place& place, Now now);
  std::optional<std::string> control_world(std::string_view verb, const Query& query, WallTime now);
  std::optional<std::string> control_access(std::string_view verb, const Query& query,
                                            WallTime now);
  std::optional<std::string> control_switches(std::string_view verb, const Query& query,
                                              WallTime now);
  http::Answer expect(const Query& query, std::string_view body, WallTime now);
  world::Repository* named_repository(const Query& query);
  void build_world();
  void reset_limits();

  Options options_;
  boost::json::object fixtures_;
  std::unique_ptr<world::World> world_;
  std::unique_ptr<Accounts> accounts_;
  std::unique_ptr<Rest> rest_;
  Limits limits_{SecondaryLimits{}};
  Journal journal_;
  Switches switches_;
  std::deque<Fault> faults_;
  std::map<std::string, std::shared_ptr<Rendered>, std::less<>> rendered_;
  std::uint64_t rendered_revision_ = 0;
  std::uint64_t requests_count_ = 0;
};

Resource resource_of(std::string_view path);

}  // namespace ghmesh::sim
