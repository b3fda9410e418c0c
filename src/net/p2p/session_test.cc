// SPDX-License-Identifier: Apache-2.0 OR MIT
// Hosts over real sockets on loopback: one Session serves on a thread of its own, the test is the other.
#include "net/p2p/session.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <thread>

namespace ghmesh::net {
namespace {

using Kind = swarm::Event::Kind;
namespace asio = boost::asio;
using asio::ip::tcp;
constexpr Duration kPatience = 20s;
const std::string kEcho = "/echo/1.0.0";

host::Options options() {
  host::Options made;
  made.protocols = {kEcho};
  made.offers_perf = true;
  made.gossip.emplace();
  made.gossip->topics["news"];
  return made;
}

// Echoes, subscribes to "news", and serves until the test is over.
class Server {
 public:
  Server() : session_(keys::PrivateKey::generate(), options()) {
    address_ = session_.listen("/ip4/127.0.0.1/tcp/0").value().front();
    EXPECT_TRUE(session_.host().subscribe("news", MonotonicClock::now()));
    thread_ =
        std::thread([this] { session_.run([this](const host::Event& event) { handle(event); }); });
  }
  ~Server() {
    session_.interrupt();
    thread_.join();
  }
  const std::string& address() const { return address_; }
  std::uint16_t port() const {
    return multiformats::tcp_target(
               multiformats::Multiaddr::parse_text(address_).value().without_peer())
        ->port;
  }

 private:
  void handle(const host::Event& event) {
    const auto* stream = std::get_if<host::StreamEvent>(&event);
    if (!stream) return;
    swarm::Swarm& swarm = session_.host().swarm();
    const Instant now = MonotonicClock::now();
    auto written = swarm.write(stream->stream, swarm.readable(stream->stream), now);
    if (written) swarm.consume(stream->stream, *written, now);
    if (stream->kind == Kind::finished) swarm.finish(stream->stream, now);
  }

  Session session_;
  std::string address_;
  std::thread thread_;
};

struct SessionTest : testing::Test {
  template <class T>
  std::optional<T> wait_for() {
    std::optional<T> found;
    const auto is_it = [&found](const host::Event& event) {
      if (const auto* one = std::get_if<T>(&event)) found = *one;
      return found.has_value();
    };
    client.run_until(is_it, kPatience);
    return found;
  }
  multiformats::PeerId connect() { return client.connect(server.address()).value(); }

  Server server;
  Session client{keys::PrivateKey::generate(), options()};
};

TEST_F(SessionTest, ConnectsIdentifiesAndPings) {
  const auto peer = connect();
  const auto identified = wait_for<host::Identified>();
  ASSERT_TRUE(identified);
  EXPECT_EQ(identified->peer, peer);
  ASSERT_TRUE(client.host().ping(peer, MonotonicClock::now()));
  const auto ponged = wait_for<host::Ponged>();
  ASSERT_TRUE(ponged);
  EXPECT_LT(ponged->round_trip, kPatience);
}

TEST_F(SessionTest, CarriesMegabytesBothWaysByPerf) {
  ASSERT_TRUE(client.host().perf(connect(), 8 << 20, 8 << 20, MonotonicClock::now()));
  const auto done = wait_for<host::PerfDone>();
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->reason) << done->reason.message();
  EXPECT_EQ(done->bytes_down, std::uint64_t{8 << 20});
}

TEST_F(SessionTest, EchoesOnAStream) {
  const auto stream = client.host().open_stream(connect(), kEcho, MonotonicClock::now()).value();
  swarm::Swarm& swarm = client.host().swarm();
  ASSERT_TRUE(swarm.write(stream, as_bytes("hello"), MonotonicClock::now()));
  swarm.finish(stream, MonotonicClock::now());
  std::string back;
  const auto is_over = [&](const host::Event& event) {
    const auto* one = std::get_if<host::StreamEvent>(&event);
    if (!one || one->stream != stream) return false;
    back += as_text(swarm.readable(stream));
    swarm.consume(stream, swarm.readable(stream).size(), MonotonicClock::now());
    return one->kind == Kind::finished;
  };
  EXPECT_TRUE(client.run_until(is_over, kPatience));
  EXPECT_EQ(back, "hello");
}

TEST_F(SessionTest, PublishesToASubscriber) {
  connect();
  const auto has_subscriber = [this](const host::Event&) {
    return !client.host().gossip()->subscribers("news").empty();
  };
  ASSERT_TRUE(client.run_until(has_subscriber, kPatience));
  EXPECT_TRUE(client.host().publish("news", as_bytes("hello"), MonotonicClock::now()));
}

TEST_F(SessionTest, SaysWhyADialFailed) {
  const std::string stranger = keys::PrivateKey::generate().peer_id().text();
  const std::string wrong =
      server.address().substr(0, server.address().find("/p2p/")) + "/p2p/" + stranger;
  EXPECT_EQ(client.connect(wrong).error(), Errc::noise_wrong_peer);
  EXPECT_EQ(client.connect("/ip4/127.0.0.1/tcp/1").error(),
            boost::system::errc::connection_refused);
  EXPECT_EQ(client.connect("/ip4/127.0.0.1/udp/1").error(), Errc::unsupported);
  EXPECT_FALSE(client.connect("nonsense"));
}

TEST_F(SessionTest, AStrangerWhoTalksNonsenseIsHungUpOn) {
  asio::io_context context;
  tcp::socket socket(context);
  socket.connect({asio::ip::make_address("127.0.0.1"), server.port()});
  asio::write(socket, asio::buffer(std::string_view("GET / HTTP/1.1\r\n\r\n")));
  Error error;
  std::array<char, 256> buffer;
  while (!error) socket.read_some(asio::buffer(buffer), error);
  EXPECT_TRUE(error == asio::error::eof || error == asio::error::connection_reset)
      << error.message();
  connect();  // and the server goes on
}

TEST_F(SessionTest, HearsOfAPeerThatGoesAway) {
  std::optional<Server> other(std::in_place);
  ASSERT_TRUE(client.connect(other->address()));
  other.reset();
  const auto gone = wait_for<host::Disconnected>();
  ASSERT_TRUE(gone);
  EXPECT_TRUE(gone->is_last);
}

TEST(Session, AWildcardListensOnEveryInterface) {
  Session session(keys::PrivateKey::generate(), {});
  const auto addresses = session.listen("/ip4/0.0.0.0/tcp/0").value();
  ASSERT_FALSE(addresses.empty());
  for (const std::string& address : addresses)
    EXPECT_FALSE(address.starts_with("/ip4/0.0.0.0/")) << address;
}

TEST(Session, APortThatIsTakenIsAnError) {
  Session first(keys::PrivateKey::generate(), {}), second(keys::PrivateKey::generate(), {});
  const std::string address = first.listen("/ip4/127.0.0.1/tcp/0").value().front();
  EXPECT_EQ(second.listen(address.substr(0, address.find("/p2p/"))).error(),
            boost::system::errc::address_in_use);
}

}  // namespace
}  // namespace ghmesh::net
