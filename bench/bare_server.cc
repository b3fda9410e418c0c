// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh's HTTP server with a service that answers fixed bytes at once: what the server itself costs, without the
// cache. Its reply has the fields that a hit of the daemon has.
//
//   bare_server ADDRESS BODY_BYTES       ADDRESS is 127.0.0.1:PORT or the path of a unix socket
#include <cstdio>
#include <cstdlib>
#include <string>

#include "net/http_server.h"

namespace {

using namespace ghmesh;

class FixedService : public net::Service {
 public:
  explicit FixedService(std::size_t body_bytes)
      : body_(std::make_shared<std::string>(body_bytes, 'x')),
        head_(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: " +
            std::to_string(body_bytes) +
            "\r\nETag: "
            "W/\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\r\n") {}

  bool answer_now(const http::RequestHead&, net::Door, net::Reply& reply) override {
    reply.head = head_;
    reply.more_head += "Age: 12\r\nCache-Status: ghmesh; hit; ttl=48; detail=fresh\r\n";
    reply.body = *body_;
    reply.owner = body_;
    return true;
  }
  net::awaitable<void> answer(net::Exchange&) override { co_return; }

 private:
  std::shared_ptr<std::string> body_;
  std::string head_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bare_server ADDRESS BODY_BYTES\n");
    return 2;
  }
  FixedService service(std::strtoul(argv[2], nullptr, 10));
  const std::string address = argv[1];
  auto listener = address.find('/') == std::string::npos ? net::Listener::tcp(address)
                                                         : net::Listener::unix_socket(address);
  if (!listener) {
    std::fprintf(stderr, "bare_server: %s\n", listener.error().message().c_str());
    return 1;
  }
  net::Runtime runtime(1);
  net::HttpServer server(runtime, std::move(*listener), service, {});
  server.start();
  runtime.run();
}
