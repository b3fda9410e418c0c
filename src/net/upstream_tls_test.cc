// SPDX-License-Identifier: Apache-2.0 OR MIT
// TLS and HTTP/2 towards the upstream: against real servers with certificates that are made here, good and bad.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "net/test_program.h"
#include "net/test_run.h"
#include "net/upstream.h"

namespace ghmesh::net {
namespace {

using test::Directory;
using test::Program;
using test::run;

// A TLS server: argv is certificate, key, "oldest" (TLS 1.1 at most) or "any", and the ALPN names it offers. It says
// its port, then "request" for each request that arrives. Where HTTP/2 is agreed on, it breaks off with something else.
constexpr std::string_view kServer = R"(import socket, ssl, sys, threading, warnings
warnings.simplefilter("ignore")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
if sys.argv[3] != "any":
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = getattr(ssl.TLSVersion, sys.argv[3])
context.set_alpn_protocols(sys.argv[4].split(","))
listener = socket.create_server(("127.0.0.1", 0), backlog=100)
print(listener.getsockname()[1], flush=True)

def serve(plain):
    try:
        with context.wrap_socket(plain, server_side=True) as tls:
            if tls.selected_alpn_protocol() == "h2":
                tls.recv(65536)
                tls.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                tls.recv(65536)
                return
            pending = b""
            while True:
                while b"\r\n\r\n" not in pending:
                    more = tls.recv(65536)
                    if not more:
                        return
                    pending += more
                head, _, pending = pending.partition(b"\r\n\r\n")
                print("request", head.split(b"\r\n")[0].decode(), flush=True)
                if b"/cut" in head:
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                    return
                tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    except OSError:
        pass

while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
)";

void execute(std::vector<std::string> arguments) {
  Program program(std::move(arguments));
  ASSERT_EQ(program.wait(), 0);
}

// One CA and what it signed, made once: each openssl takes some 10 ms.
class Certificates {
 public:
  Certificates() {
    make_authority("ca");
    make_authority("stranger");
    sign("good", "ca", "30", "IP:127.0.0.1,DNS:localhost");
    sign("expired", "ca", "-1", "IP:127.0.0.1,DNS:localhost");
    sign("misnamed", "ca", "30", "DNS:api.github.example,IP:127.0.0.2");
    sign("foreign", "stranger", "30", "IP:127.0.0.1,DNS:localhost");
    directory_.write("server.py", kServer);
    directory_.write("hello", "hello");
  }
  std::string file(std::string_view name) const { return directory_.file(name); }
  std::string path() const { return directory_.file(""); }

 private:
  void make_authority(const std::string& name) {
    execute({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", file(name + ".key"), "-out", file(name + ".pem"), "-subj",
             "/CN=" + name, "-days", "30"});
  }
  void sign(const std::string& name, const std::string& authority, const std::string& days,
            const std::string& names) {
    directory_.write(name + ".ext", "subjectAltName=" + names + "\n");
    execute({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", file(name + ".key"), "-out", file(name + ".csr"), "-subj",
             "/CN=localhost"});
    execute({"openssl", "x509", "-req", "-in", file(name + ".csr"), "-CA", file(authority + ".pem"),
             "-CAkey", file(authority + ".key"), "-CAcreateserial", "-days", days, "-extfile",
             file(name + ".ext"), "-out", file(name + ".pem")});
  }
  Directory directory_;
};

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

class Server {
 public:
  explicit Server(const std::string& certificate, const std::string& oldest = "any",
                  const std::string& alpn = "http/1.1")
      : program_({"python3", certificates().file("server.py"),
                  certificates().file(certificate + ".pem"),
                  certificates().file(certificate + ".key"), oldest, alpn}),
        port_(program_.read_line()) {}
  std::string url(std::string_view path = "/") const {
    return "https://127.0.0.1:" + port_ + std::string(path);
  }
  std::string next_request() { return program_.read_line(); }

 private:
  Program program_;
  std::string port_;
};

struct UpstreamTls : testing::Test {
  asio::io_context context;

  static UpstreamOptions options() { return {.ca_file = certificates().file("ca.pem")}; }
  Result<http::Answer> fetch(Upstream& upstream, std::string url) {
    UpstreamRequest request;
    request.url = std::move(url);
    request.authorization = crypto::Secret("token canary");
    return run(context, upstream.fetch(std::move(request), 1 << 20));
  }
  void expect_refused(const std::string& certificate) {
    Server server(certificate);
    Upstream upstream(options());
    auto answer = fetch(upstream, server.url("/first"));
    ASSERT_FALSE(answer) << certificate;
    EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_unreachable)) << certificate;
    // Nothing was said before the handshake failed: the first request that the server hears is one that does not mind.
    Program careless(
        {"curl", "--insecure", "--silent", "--output", "/dev/null", server.url("/second")});
    EXPECT_EQ(careless.wait(), 0);
    EXPECT_EQ(server.next_request(), "request GET /second HTTP/1.1") << certificate;
  }
};

TEST_F(UpstreamTls, AcceptsACertificateOfItsAuthorityAndReusesTheConnection) {
  Server server("good");
  Upstream upstream(options());
  for (int i = 0; i < 3; ++i) {
    auto answer = fetch(upstream, server.url());
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->body_text(), "hello");
  }
  EXPECT_EQ(upstream.stats().connections_total, 1u);
}

TEST_F(UpstreamTls, RefusesCertificatesThatAreExpiredMisnamedOrForeign) {
  expect_refused("expired");
  expect_refused("misnamed");
  expect_refused("foreign");
}

TEST_F(UpstreamTls, RefusesASelfSignedCertificate) { expect_refused("stranger"); }

TEST_F(UpstreamTls, TrustsTheGivenAuthorityInsteadOfTheSystems) {
  Server server("good");
  Upstream upstream({});
  auto answer = fetch(upstream, server.url());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_unreachable));
  // The server is fine, and heard nothing of the first attempt.
  Upstream trusting(options());
  ASSERT_TRUE(fetch(trusting, server.url("/after")));
  EXPECT_EQ(server.next_request(), "request GET /after HTTP/1.1");
}

TEST_F(UpstreamTls, RefusesTlsBefore12) {
  for (const char* newest : {"TLSv1", "TLSv1_1"}) {
    Server server("good", newest);
    Upstream upstream(options());
    auto answer = fetch(upstream, server.url());
    ASSERT_FALSE(answer) << newest;
    EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_unreachable));
  }
  Server server("good", "TLSv1_2");
  Upstream upstream(options());
  EXPECT_TRUE(fetch(upstream, server.url()));
}

TEST_F(UpstreamTls, ABodyThatIsCutShortIsBroken) {
  Server server("good");
  Upstream upstream(options());
  auto answer = fetch(upstream, server.url("/cut"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_broken));
}

TEST_F(UpstreamTls, APlainServerBehindHttpsIsUnreachable) {
  const Directory directory;
  Program plain(
      {"python3", "-c",
       "import socket\nl = socket.create_server(('127.0.0.1', 0))\nprint(l.getsockname()[1], "
       "flush=True)\n"
       "while True:\n c, _ = l.accept()\n c.sendall(b'HTTP/1.1 400 Bad\\r\\n\\r\\n')\n c.close()"});
  Upstream upstream(options());
  auto answer = fetch(upstream, "https://127.0.0.1:" + plain.read_line() + "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_unreachable));
}

TEST_F(UpstreamTls, AsksAgainOverHttp1WhenHttp2Breaks) {
  Server server("good", "any", "h2,http/1.1");
  Upstream upstream(options());
  auto answer = fetch(upstream, server.url("/fallback"));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body_text(), "hello");
  EXPECT_EQ(server.next_request(), "request GET /fallback HTTP/1.1");
  EXPECT_EQ(upstream.stats().http1_retries_total, 1u);
  EXPECT_EQ(upstream.stats().answers_total, 1u);

  UpstreamOptions never = options();
  never.http1_only = true;
  Upstream plain(never);
  ASSERT_TRUE(fetch(plain, server.url()));
  EXPECT_EQ(plain.stats().http1_retries_total, 0u);
}

TEST_F(UpstreamTls, DoesNotRepeatAMutationWhenHttp2Breaks) {
  Server server("good", "any", "h2,http/1.1");
  Upstream upstream(options());
  UpstreamRequest request;
  request.url = server.url();
  request.method = "POST";
  request.body = "{}";
  auto answer = run(context, upstream.fetch(std::move(request), 1000));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_broken));
  EXPECT_EQ(upstream.stats().http1_retries_total, 0u);
}

// nghttpd takes no port 0: one that was free a moment ago.
std::string free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
  EXPECT_EQ(::bind(descriptor, generic, size), 0);
  EXPECT_EQ(::getsockname(descriptor, generic, &size), 0);
  ::close(descriptor);
  return std::to_string(ntohs(address.sin_port));
}

TEST_F(UpstreamTls, CarriesManyFetchesOverOneHttp2Connection) {
  const std::string port = free_port();
  const std::string url = "https://127.0.0.1:" + port + "/hello";
  Program server({"nghttpd", "--address=127.0.0.1", "-d", certificates().path(), port,
                  certificates().file("good.key"), certificates().file("good.pem")});
  for (int attempt = 0; attempt < 200; ++attempt) {
    Upstream probe(options());
    if (fetch(probe, url)) break;
    run(context, [](Duration duration) -> awaitable<bool> {
      co_await test::pause_for(duration);
      co_return true;
    }(20ms));
  }
  Upstream upstream(options());
  int answers_count = 0;
  const auto ask = [&]() -> awaitable<void> {
    UpstreamRequest request;
    request.url = url;
    auto answer = co_await upstream.fetch(std::move(request), 1000);
    EXPECT_TRUE(answer) << answer.error().message();
    if (answer && answer->body_text() == "hello" && answer->status == 200) ++answers_count;
  };
  for (int i = 0; i < 300; ++i) asio::co_spawn(context, ask(), asio::detached);
  context.restart();
  context.run();
  EXPECT_EQ(answers_count, 300);
  EXPECT_EQ(upstream.stats().connections_total, 1u);
}

TEST_F(UpstreamTls, AStreamStaysWithHttp1) {
  Server server("good", "any", "h2,http/1.1");
  Upstream upstream(options());
  UpstreamRequest request;
  request.url = server.url("/stream");
  auto opening = upstream.open(std::move(request));
  auto stream = run(context, std::move(opening));
  ASSERT_TRUE(stream) << stream.error().message();
  auto part = run(context, (*stream)->read_some());
  ASSERT_TRUE(part);
  EXPECT_EQ(*part, "hello");
  EXPECT_EQ(server.next_request(), "request GET /stream HTTP/1.1");
}

}  // namespace
}  // namespace ghmesh::net
