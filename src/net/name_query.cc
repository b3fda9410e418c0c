// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/name_query.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "libp2p/dns/message.h"

namespace ghmesh::net {
namespace {

// The resolver's state of this thread. getaddrinfo() uses it, too, so that its time is bounded with it.
class ThreadResolver {
 public:
  explicit ThreadResolver(const NameQueryOptions& options) {
    is_ready_ = ::res_ninit(&_res) == 0;
    _res.retrans = options.server_seconds;
    _res.retry = options.attempts_count;
    _res.options |= RES_USE_EDNS0;  // a list of addresses often has more than the 512 bytes of old
    if (!options.server_port) return;
    _res.nscount = 1;
    _res.nsaddr_list[0] = {};
    _res.nsaddr_list[0].sin_family = AF_INET;
    _res.nsaddr_list[0].sin_port = htons(*options.server_port);
    _res.nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  ~ThreadResolver() { ::res_nclose(&_res); }
  ThreadResolver(const ThreadResolver&) = delete;
  ThreadResolver& operator=(const ThreadResolver&) = delete;

  bool is_ready() const { return is_ready_; }

 private:
  bool is_ready_ = false;
};

Result<resolve::Answer> query_texts(const std::string& text) {
  const auto name = dns::Name::parse_text(text);
  if (!name) return name.error();
  std::vector<unsigned char> buffer(dns::kMessageBytesMax);
  const int bytes_count = ::res_nquery(&_res, text.c_str(), ns_c_in, ns_t_txt, buffer.data(),
                                       static_cast<int>(buffer.size()));
  if (bytes_count < 0) {
    if (_res.res_h_errno == HOST_NOT_FOUND || _res.res_h_errno == NO_DATA) return resolve::Answer();
    return Errc::dns_failed;
  }
  // It says how long the answer is, which may be longer than the buffer.
  const auto kept_count = std::min(static_cast<std::size_t>(bytes_count), buffer.size());
  const auto message = dns::parse_message(std::as_bytes(std::span(buffer).first(kept_count)));
  if (!message) return Errc::dns_malformed;
  return resolve::Answer{.ip4 = {}, .ip6 = {}, .texts = dns::texts_of(*message, *name)};
}

template <class Ip, class Address>
Ip ip_of(const Address& address) {
  static_assert(sizeof(Ip) == sizeof(Address));
  Ip ip;
  std::memcpy(ip.data(), &address, ip.size());
  return ip;
}

Result<resolve::Answer> query_host(const std::string& name, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (status == EAI_NONAME || status == EAI_NODATA || status == EAI_ADDRFAMILY)
    return resolve::Answer();
  if (status != 0) return Errc::dns_failed;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  resolve::Answer answer;
  for (const addrinfo* entry = found; entry; entry = entry->ai_next) {
    if (entry->ai_family == AF_INET && family == AF_INET) {
      sockaddr_in address{};
      std::memcpy(&address, entry->ai_addr, sizeof address);
      answer.ip4.push_back(ip_of<dns::Ip4>(address.sin_addr));
    } else if (entry->ai_family == AF_INET6 && family == AF_INET6) {
      sockaddr_in6 address{};
      std::memcpy(&address, entry->ai_addr, sizeof address);
      answer.ip6.push_back(ip_of<dns::Ip6>(address.sin6_addr));
    }
  }
  return answer;
}

}  // namespace

Result<resolve::Answer> query_name(const resolve::Lookup& lookup, const NameQueryOptions& options) {
  const ThreadResolver resolver(options);
  if (!resolver.is_ready()) return Errc::dns_failed;
  switch (lookup.kind) {
    case resolve::Kind::a: return query_host(lookup.name, AF_INET);
    case resolve::Kind::aaaa: return query_host(lookup.name, AF_INET6);
    case resolve::Kind::txt: return query_texts(lookup.name);
  }
  return Errc::unsupported;
}

}  // namespace ghmesh::net
