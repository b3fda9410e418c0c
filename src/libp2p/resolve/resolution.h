// SPDX-License-Identifier: Apache-2.0 OR MIT
// Turns an address with a name in it (/dns, /dns4, /dns6, /dnsaddr) into addresses that can be dialed: an IP, a TCP
// port and perhaps a peer id. Specification: docs/wire/dnsaddr.md.
//
// A machine for one address: it asks for lookups, which somebody else makes, and is told their answers or that they
// failed, in any order. Take next_lookup() until there is none after every call that changes it; when is_done(), take
// result(). Its order is the one of the answers' contents, not of their arrival, as long as no limit is reached.
//
// Whoever holds a zone says what its names mean, so an answer may lead in circles, to very many addresses, or to ours.
// Depth, lookups, addresses and time are bounded here; which of the addresses may be dialed is for the dialer to say.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "libp2p/dns/message.h"
#include "multiformats/multiaddr.h"

namespace ghmesh::resolve {

using multiformats::Multiaddr;

// A /dnsaddr that leads to a /dnsaddr, and so on. The public bootstrap nodes have 2.
inline constexpr std::size_t kDepthMax = 4;
inline constexpr std::size_t kLookupsMax = 32;
// In the result. A dialer tries a few of them.
inline constexpr std::size_t kAddressesMax = 64;
// Strings or addresses of one answer that are looked at, and addresses with names that are looked at in all.
inline constexpr std::size_t kAnswersPerLookupMax = 64;
inline constexpr std::size_t kExpansionsMax = 256;

enum class Kind { a, aaaa, txt };

struct Lookup {
  std::uint32_t id;
  std::string name;
  Kind kind;
};

// Of one lookup, whichever it was. The strings of one TXT record are joined. Empty: there is no such name or record.
struct Answer {
  std::vector<dns::Ip4> ip4;
  std::vector<dns::Ip6> ip6;
  std::vector<std::string> texts;
};

struct Options {
  Duration deadline = 15s;  // for all of it; what was found until then is the result
};

struct Counters {
  std::uint64_t addresses_ignored =
      0;  // neither TCP nor a name of it, or of another peer than was asked for
  std::uint64_t too_deep = 0;           // beyond kDepthMax
  std::uint64_t lookups_refused = 0;    // beyond kLookupsMax or kExpansionsMax
  std::uint64_t addresses_refused = 0;  // beyond kAddressesMax
  std::uint64_t answers_cut = 0;        // beyond kAnswersPerLookupMax
  std::uint64_t lookups_failed = 0;
};

class Resolution {
 public:
  Resolution(const Multiaddr& address, Options options, Instant now);

  // Each name is asked for once in each kind. Empty while we wait, and at the end.
  std::optional<Lookup> next_lookup();
  // Of a lookup that was taken; an answer that comes twice or after the end is ignored.
  void receive(std::uint32_t lookup, const Answer& answer);
  void receive_failure(std::uint32_t lookup);
  // Time has passed. Spurious calls do nothing.
  void tick(Instant now);
  Instant next_deadline() const;

  bool is_done() const { return is_timed_out_ || open_count_ == 0; }
  // In order and without repetition, IPv4 first: where there is no IPv6, as on most CI runners, the first dial counts.
  // Errors: unsupported (no address of ours), not_found (no such name, or nothing usable), dns_failed, timed_out.
  Result<std::vector<Multiaddr>> result() const;

  const Counters& counters() const { return counters_; }

 private:
  // Where something stands in the order of the result: its index in the answer that it is from, below the index of
  // that, and so on.
  using Path = std::vector<std::uint16_t>;
  static Path child(Path path, std::size_t index);
  // An address that waits for a lookup.
  struct Waiting {
    Multiaddr address;
    Path path;
    std::size_t depth;
  };
  struct Asked {
    Lookup lookup;
    std::vector<Waiting> waiting;
    std::optional<Answer> answer;  // or nothing, for a failure
    bool is_open = true;
  };

  void expand(const Multiaddr& address, const Path& path, std::size_t depth);
  void ask(Kind kind, const std::string& name, Waiting waiting);
  Answer kept_part(Kind kind, const Answer& answer);
  void close(Asked& asked);
  void use(const Waiting& waiting, const Answer& answer);
  void use_texts(const Waiting& waiting, const std::vector<std::string>& texts);
  template <class Ip>
  void use_ips(const Waiting& waiting, const std::vector<Ip>& ips);
  void keep(const Multiaddr& address, const Path& path);

  const Instant deadline_at_;
  bool is_timed_out_ = false;
  bool is_supported_ = false;  // the address that we began with
  std::size_t open_count_ = 0;
  std::deque<Asked> asked_;  // by id; never moved, for answers may lead to further ones
  std::size_t taken_count_ = 0;
  std::vector<Multiaddr>
      expanded_;  // that wait or waited for a lookup: what leads in a circle is seen here
  std::map<Path, Multiaddr> found_;
  Counters counters_;
};

}  // namespace ghmesh::resolve
