// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh-transport-test: ghmesh as an entry of the public libp2p transport matrix (libp2p/unified-testing). It is told
// by its environment what to be; a listener and a dialer meet in a redis. The contract: tests/interop/README.md.
#include <hiredis/hiredis.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "net/p2p/session.h"

namespace ghmesh {
namespace {

constexpr Duration kPollPause = 50ms;

std::string variable(const char* name, const char* otherwise = "") {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

// A connection to redis, for a handful of commands. Throws when redis does not do what it is asked.
class Redis {
 public:
  explicit Redis(std::string_view address) {
    const std::string host(take_until(address, ':'));
    const auto port = parse_decimal(address);
    if (!port || *port > UINT16_MAX) throw std::runtime_error("REDIS_ADDR is not host:port");
    context_.reset(redisConnect(host.c_str(), static_cast<int>(*port)));
    if (!context_ || context_->err != 0) throw std::runtime_error("redis cannot be reached");
  }

  void push(const std::string& key, const std::string& value) {
    run("DEL %s", key.c_str());
    run("RPUSH %s %s", key.c_str(), value.c_str());
  }
  // Of a list its first element, of a string all; empty while there is nothing.
  std::string find(const std::string& key) {
    std::string found = run("LINDEX %s 0", key.c_str());
    return found.empty() ? run("GET %s", key.c_str()) : found;
  }

 private:
  template <class... Arguments>
  std::string run(const char* command, Arguments... arguments) {
    const std::unique_ptr<redisReply, void (*)(void*)> reply(
        static_cast<redisReply*>(redisCommand(context_.get(), command, arguments...)),
        freeReplyObject);
    if (!reply) throw std::runtime_error("redis has hung up");
    // The wrong kind of value is an error reply, and means: ask in the other way.
    return reply->type == REDIS_REPLY_STRING ? std::string(reply->str, reply->len) : std::string();
  }
  std::unique_ptr<redisContext, void (*)(redisContext*)> context_{nullptr, redisFree};
};

void require(const char* name, std::string_view supported) {
  if (variable(name) != supported)
    throw std::runtime_error(std::string(name) + " must be " + std::string(supported));
}

host::Options options() {
  host::Options made;
  made.started_at = read_clocks().wall;
  return made;
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// The address that others reach: the first that is not this machine's own, where there is one.
std::string public_address(const std::vector<std::string>& addresses) {
  if (addresses.empty()) throw std::runtime_error("LISTENER_IP is no address of this machine");
  for (const std::string& address : addresses)
    if (!address.starts_with("/ip4/127.")) return address;
  return addresses.front();
}

int listen(Redis& redis, const std::string& key) {
  net::Session session(keys::PrivateKey::generate(), options());
  session.end_on_signal();
  auto addresses = session.listen("/ip4/" + variable("LISTENER_IP", "0.0.0.0") + "/tcp/0");
  if (!addresses) throw std::runtime_error("listen: " + addresses.error().message());
  const std::string address = public_address(*addresses);
  redis.push(key, address);
  log::info("listening", {{"address", address}});
  session.run([](const host::Event&) {});
  return 0;
}

int dial(Redis& redis, const std::string& key, Instant end) {
  std::string address;
  while ((address = redis.find(key)).empty()) {
    if (MonotonicClock::now() > end) throw std::runtime_error("no listener has said where it is");
    std::this_thread::sleep_for(kPollPause);
  }
  net::Session session(keys::PrivateKey::generate(), options());
  const Instant begun = MonotonicClock::now();
  auto peer = session.connect(address);
  if (!peer) throw std::runtime_error("dial: " + peer.error().message());
  auto sent = session.host().ping(*peer, MonotonicClock::now());
  if (!sent) throw std::runtime_error("ping: " + sent.error().message());
  std::optional<Duration> round_trip;
  const auto is_over = [&round_trip](const host::Event& event) {
    if (const auto* ponged = std::get_if<host::Ponged>(&event)) round_trip = ponged->round_trip;
    return round_trip || std::holds_alternative<host::PingFailed>(event);
  };
  session.run_until(is_over, std::max<Duration>(end - MonotonicClock::now(), 0ms));
  if (!round_trip) throw std::runtime_error("the ping did not come back");
  std::printf("latency:\n  handshake_plus_one_rtt: %.3f\n  ping_rtt: %.3f\n  unit: ms\n",
              milliseconds(MonotonicClock::now() - begun), milliseconds(*round_trip));
  return 0;
}

int run() {
  log::set_level(variable("DEBUG") == "true" ? log::Level::debug : log::Level::warn);
  require("TRANSPORT", "tcp");
  require("SECURE_CHANNEL", "noise");
  require("MUXER", "yamux");
  const auto patience = parse_decimal(variable("TEST_TIMEOUT_SECS", "60"));
  if (!patience || *patience > 3600)
    throw std::runtime_error("TEST_TIMEOUT_SECS must be a number of seconds");
  const Instant end = MonotonicClock::now() + Seconds(static_cast<std::int64_t>(*patience));
  Redis redis(variable("REDIS_ADDR", "transport-redis:6379"));
  const std::string key = variable("TEST_KEY") + "_listener_multiaddr";
  return variable("IS_DIALER") == "true" ? dial(redis, key, end) : listen(redis, key);
}

}  // namespace
}  // namespace ghmesh

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return ghmesh::run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ghmesh-transport-test: %s\n", error.what());
    return 1;
  }
}
