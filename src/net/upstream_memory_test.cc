// SPDX-License-Identifier: Apache-2.0 OR MIT
// After a request, its token is nowhere in this process's memory: searched byte by byte, freed memory included.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <string.h>
#include <unistd.h>

#include <fstream>

#include "net/test_program.h"
#include "net/test_run.h"
#include "net/upstream.h"

namespace ghmesh::net {
namespace {

using test::Program;
using test::run;

constexpr char kMask = 0x5a;  // the needle must not find itself
constexpr std::uintptr_t kMappingBytesMax =
    1ull << 30;  // a sanitizer's shadow is larger, and no memory of ours

// The server is another process: in this one it would hold what it received.
constexpr const char* kServer = R"(import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
while True:
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(65536)
        if not more:
            raise SystemExit
        head += more
    print("token" if b"Authorization: token gh" in head else "none", flush=True)
    if b"Content-Length: 2" in head and not head.endswith(b"{}"):
        connection.recv(2)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
)";

// A token that exists unmasked only inside the Secret that it is made into.
crypto::Secret token_of(const std::string& masked) {
  std::string text = masked;
  for (char& c : text) c = static_cast<char>(c ^ kMask);
  crypto::Secret secret(text);
  explicit_bzero(text.data(), text.size());
  return secret;
}

std::string masked_token() {
  std::string masked = "token gh";
  for (char& c : masked) c = static_cast<char>(c ^ kMask);
  for (int i = 0; i < 32; ++i)
    masked += static_cast<char>(('A' + (i * 7 + ::getpid()) % 26) ^ kMask);
  return masked;
}

bool holds(const std::string& bytes, const std::string& masked) {
  const char first = static_cast<char>(masked[0] ^ kMask);
  for (std::size_t at = bytes.find(first); at != std::string::npos;
       at = bytes.find(first, at + 1)) {
    std::size_t same = 0;
    while (same < masked.size() && at + same < bytes.size() &&
           bytes[at + same] == static_cast<char>(masked[same] ^ kMask))
      ++same;
    if (same == masked.size()) return true;
  }
  return false;
}

// In how many writable mappings the token stands.
int mappings_with(const std::string& masked) {
  std::ifstream maps("/proc/self/maps");
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  int found_count = 0;
  std::string bytes;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx rw", &begin, &end) != 2 ||
        line.find(" rw") == std::string::npos)
      continue;
    if (end - begin > kMappingBytesMax) continue;
    bytes.resize(end - begin);
    const ssize_t count = ::pread(memory, bytes.data(), bytes.size(), static_cast<off_t>(begin));
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    if (holds(bytes, masked)) ++found_count;
    explicit_bzero(bytes.data(), bytes.size());  // or the next look would find this copy
  }
  ::close(memory);
  return found_count;
}

TEST(UpstreamMemory, HoldsNoTokenOnceTheRequestIsDone) {
  Program server({"python3", "-c", kServer});
  const std::string url = "http://127.0.0.1:" + server.read_line() + "/";
  const std::string masked = masked_token();
  asio::io_context context;
  Upstream upstream({});
  {
    const crypto::Secret held = token_of(masked);
    EXPECT_GE(mappings_with(masked), 1) << "the search finds nothing at all";
  }
  EXPECT_EQ(mappings_with(masked), 0);
  for (const char* method : {"GET", "POST"}) {
    UpstreamRequest request;
    request.url = url;
    request.method = method;
    if (request.method == "POST") request.body = "{}";
    request.authorization = token_of(masked);
    auto asking = upstream.fetch(std::move(request), 1000);
    auto answer = run(context, std::move(asking));
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(server.read_line(), "token");
    EXPECT_EQ(mappings_with(masked), 0) << method;
  }
}

}  // namespace
}  // namespace ghmesh::net
