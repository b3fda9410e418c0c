// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

namespace ghmesh::app {
namespace {

// A daemon that answers one connection with these bytes, whatever it is asked, and closes.
class ScriptedDaemon {
 public:
  explicit ScriptedDaemon(std::string answer, std::size_t part_bytes = 4096)
      : answer_(std::move(answer)) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "ghmesh-client-XXXXXX").string();
    GHMESH_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    path_ = directory_ + "/s";
    listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path_, address.sun_path);
    const void* erased = &address;
    GHMESH_CHECK(bind(listener_, static_cast<const sockaddr*>(erased), sizeof address) == 0);
    GHMESH_CHECK(listen(listener_, 1) == 0);
    thread_ = std::thread([this, part_bytes] { serve(part_bytes); });
  }
  ~ScriptedDaemon() {
    thread_.join();
    close(listener_);
    std::filesystem::remove_all(directory_);
  }
  const std::string& path() const { return path_; }
  std::string request() {
    thread_.join();
    thread_ = std::thread([] {});
    return request_;
  }

 private:
  void serve(std::size_t part_bytes) {
    const int connection = accept(listener_, nullptr, nullptr);
    char buffer[4096];
    while (request_.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      request_.append(buffer, static_cast<std::size_t>(count));
    }
    for (std::size_t at = 0; at < answer_.size(); at += part_bytes) {
      const std::string part = answer_.substr(at, part_bytes);
      if (send(connection, part.data(), part.size(), MSG_NOSIGNAL) < 0) break;
    }
    close(connection);
  }

  std::string answer_, directory_, path_, request_;
  int listener_ = -1;
  std::thread thread_;
};

Result<WholeResponse> ask_for(std::string answer, ClientRequest request = {},
                              std::size_t part_bytes = 4096) {
  const ScriptedDaemon daemon(std::move(answer), part_bytes);
  return ask(daemon.path(), request, 1 << 20);
}

constexpr std::string_view kCounted =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";

TEST(Client, ReadsBodiesHoweverTheyAreFramed) {
  EXPECT_EQ(ask_for(std::string(kCounted)).value().body, "hello");
  EXPECT_EQ(ask_for(std::string(kChunked)).value().body, "hello!");
  EXPECT_EQ(ask_for("HTTP/1.1 200 OK\r\n\r\nuntil the end").value().body, "until the end");
  EXPECT_EQ(ask_for("HTTP/1.1 100 Continue\r\n\r\n" + std::string(kCounted)).value().body, "hello");
}

TEST(Client, ReadsByteByByteWhatItReadsAtOnce) {
  for (std::string_view answer : {kCounted, kChunked}) {
    const auto at_once = ask_for(std::string(answer));
    const auto one_by_one = ask_for(std::string(answer), {}, 1);
    EXPECT_EQ(at_once.value().body, one_by_one.value().body);
    EXPECT_EQ(at_once->response.status, one_by_one->response.status);
  }
}

TEST(Client, NeverTakesAPartForTheWhole) {
  for (std::string_view answer : {kCounted, kChunked})
    for (std::size_t bytes = 0; bytes + 3 < answer.size(); ++bytes) {
      const auto got = ask_for(std::string(answer.substr(0, bytes)));
      EXPECT_FALSE(got.has_value()) << bytes << " bytes of " << answer;
    }
}

TEST(Client, AsksForNoBodyWhereThereIsNone) {
  EXPECT_EQ(
      ask_for("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {.method = "HEAD"}).value().body, "");
  EXPECT_EQ(ask_for("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").value().body, "");
  EXPECT_EQ(ask_for("HTTP/1.1 204 No Content\r\n\r\n").value().body, "");
}

TEST(Client, RefusesWhatIsNotHttp) {
  for (std::string_view answer :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"}) {
    const auto got = ask_for(std::string(answer));
    ASSERT_FALSE(got.has_value()) << answer;
    EXPECT_EQ(got.error(), Errc::malformed) << answer;
  }
}

TEST(Client, HasALimitForHeadsAndBodies) {
  const auto long_line =
      ask_for("HTTP/1.1 200 OK\r\nX: " + std::string(kResponseHeadBytesMax, 'x'));
  EXPECT_EQ(long_line.error(), Errc::too_large);
  std::string many_lines = "HTTP/1.1 200 OK\r\n";
  while (many_lines.size() < 2 * kResponseHeadBytesMax) many_lines += "X: y\r\n";
  EXPECT_EQ(ask_for(many_lines).error(), Errc::too_large);
  EXPECT_EQ(ask_for("HTTP/1.1 200 OK\r\n\r\n" + std::string(2 << 20, 'x')).error(),
            Errc::too_large);
}

TEST(Client, SendsExactlyWhatItWasGiven) {
  ScriptedDaemon daemon{std::string(kCounted)};
  const ClientRequest request{
      .method = "POST", .target = "/x?y", .host = "h", .fields = {{"A", "b"}}, .body = "12345"};
  ASSERT_TRUE(ask(daemon.path(), request, 100).has_value());
  EXPECT_EQ(daemon.request(),
            "POST /x?y HTTP/1.1\r\nHost: h\r\nConnection: close\r\nA: b\r\nContent-Length: "
            "5\r\n\r\n12345");
}

TEST(Client, SaysWhyItCannotConnect) {
  EXPECT_EQ(Client::connect("/nowhere/at/all").error(),
            boost::system::errc::no_such_file_or_directory);
  EXPECT_EQ(Client::connect("/" + std::string(200, 'x')).error(),
            boost::system::errc::filename_too_long);
  for (std::string_view address :
       {"localhost:80", "127.0.0.1", "127.0.0.1:0", "[::g]:80", "127.0.0.1:99999"})
    EXPECT_EQ(Client::connect(address).error(), boost::system::errc::invalid_argument) << address;
}

}  // namespace
}  // namespace ghmesh::app
