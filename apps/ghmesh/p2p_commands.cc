// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "p2p_commands.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <filesystem>

#include "libp2p/keys/key_file.h"
#include "net/local_peers.h"
#include "net/p2p/session.h"
#include "node/version.h"

namespace ghmesh::app {
namespace {

namespace json = boost::json;
using multiformats::PeerId;

constexpr Duration kAnswerPatience = 20s;  // for what a connected peer owes us
constexpr Duration kPerfPatience = 10min;
constexpr double kMillion = 1e6;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string default_key_file() {
  const node::Config config = node::load_config({}, node::Environment::of_process()).config;
  std::filesystem::create_directories(config.state_dir);
  std::filesystem::permissions(config.state_dir, std::filesystem::perms::owner_all);
  return config.state_dir + "/p2p.key";
}

keys::PrivateKey load_key(const std::string& file) {
  auto key = keys::load_or_create_key(file);
  if (!key) throw CommandError(file + ": " + key.error().message());
  return *key;
}

// A command that dials speaks under a name of its own, unless it is given one: the daemon beside it is somebody else.
keys::PrivateKey caller_key(const std::string& file) {
  return file.empty() ? keys::PrivateKey::generate() : load_key(file);
}

host::Options options(bool offers_perf = false) {
  host::Options made;
  made.started_at = read_clocks().wall;
  made.version = node::kVersion;
  made.offers_perf = offers_perf;
  return made;
}

void add_key_option(CLI::App& app, std::string& file) {
  app.add_option("--key", file, "The node's key; made if the file is missing")->type_name("FILE");
}

json::object describe(const PeerId& peer, const identify::PeerInfo& info) {
  json::array addresses;
  for (const auto& address : info.addresses) addresses.emplace_back(address.text());
  json::object described{{"peer", peer.text()},
                         {"agent", info.agent_version},
                         {"protocol_version", info.protocol_version},
                         {"protocols", json::array(info.protocols.begin(), info.protocols.end())},
                         {"addresses", std::move(addresses)},
                         {"signed_record", info.record.has_value()}};
  if (info.observed_address) described["observed"] = info.observed_address->text();
  return described;
}

std::string lines_of(const json::object& described) {
  std::string text;
  for (const auto& [name, value] : described) {
    if (!value.is_array()) {
      const std::string shown = value.is_bool() ? (value.get_bool() ? "verified" : "none")
                                                : std::string(value.get_string());
      text += fmt::format("{:<18}{}\n", std::string(name), shown);
      continue;
    }
    for (const json::value& one : value.get_array())
      text += fmt::format("{:<18}{}\n", std::string(name), std::string(one.get_string()));
  }
  return text;
}

}  // namespace

std::string listen(net::Session& session, const std::string& address) {
  auto addresses = session.listen(address);
  if (!addresses) throw CommandError(address + ": " + addresses.error().message());
  if (addresses->empty())
    throw CommandError(address + ": no network interface has such an address");
  return addresses->front();
}

PeerId connect(net::Session& session, const std::string& address) {
  auto peer = session.connect(address);
  if (!peer) throw CommandError(address + ": " + peer.error().message(), kExitUnreachable);
  return *peer;
}

int run_p2p_id(const Arguments& arguments) {
  CLI::App app("Print the peer id of this installation, or of a key's file.", "ghmesh p2p id");
  std::string key_file;
  add_key_option(app, key_file);
  if (const auto code = parse_arguments(app, arguments)) return *code;
  print(load_key(key_file.empty() ? default_key_file() : key_file).peer_id().text() + "\n");
  return kExitOk;
}

int run_p2p_listen(const Arguments& arguments) {
  CLI::App app("Serve ping and identify until interrupted. Prints the address to dial.",
               "ghmesh p2p listen");
  std::string address = "/ip4/127.0.0.1/tcp/0", key_file;
  bool offers_perf = false, uses_mdns = false;
  app.add_option("address", address, "Where to listen; port 0 lets the system choose")
      ->type_name("MULTIADDR");
  app.add_flag("--perf", offers_perf,
               "Serve /perf/1.0.0 too: whoever knows the address may use the bandwidth");
  app.add_flag("--mdns", uses_mdns,
               "Be found by peers of the local network, and dial those that are found");
  add_key_option(app, key_file);
  if (const auto code = parse_arguments(app, arguments)) return *code;
  net::Session session(load_key(key_file.empty() ? default_key_file() : key_file),
                       options(offers_perf));
  session.end_on_signal();
  print(listen(session, address) + "\n");
  if (uses_mdns) {
    auto discovering = session.discover({});
    if (!discovering) throw CommandError("mdns: " + discovering.error().message());
  }
  session.run([](const host::Event&) {});
  return kExitOk;
}

int run_p2p_ping(const Arguments& arguments) {
  CLI::App app("Measure the round trip to a peer.", "ghmesh p2p ping");
  std::string address, key_file;
  int count = 4;
  app.add_option("address", address, "The peer")->required()->type_name("MULTIADDR");
  app.add_option("-c,--count", count, "How often")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  add_key_option(app, key_file);
  if (const auto code = parse_arguments(app, arguments)) return *code;
  net::Session session(caller_key(key_file), options());
  session.end_on_signal();
  const PeerId peer = connect(session, address);
  for (int i = 0; i < count; ++i) {
    auto sent = session.host().ping(peer, MonotonicClock::now());
    if (!sent) throw CommandError("ping: " + sent.error().message());
    Error error = Errc::timed_out;
    const auto is_answer = [&](const host::Event& event) {
      if (const auto* failed = std::get_if<host::PingFailed>(&event)) error = failed->reason;
      const auto* ponged = std::get_if<host::Ponged>(&event);
      if (ponged) {
        error = {};
        print(fmt::format("{} {:.3f} ms\n", peer.text(), seconds(ponged->round_trip) * 1e3));
      }
      return ponged || std::holds_alternative<host::PingFailed>(event);
    };
    session.run_until(is_answer, kAnswerPatience);
    if (error) throw CommandError("ping: " + error.message(), kExitUnreachable);
  }
  return kExitOk;
}

int run_p2p_identify(const Arguments& arguments) {
  CLI::App app("Print what a peer says of itself.", "ghmesh p2p identify");
  std::string address, key_file;
  bool as_json = false;
  app.add_option("address", address, "The peer")->required()->type_name("MULTIADDR");
  app.add_flag("--json", as_json, "Print JSON");
  add_key_option(app, key_file);
  if (const auto code = parse_arguments(app, arguments)) return *code;
  net::Session session(caller_key(key_file), options());
  session.end_on_signal();
  const PeerId peer = connect(session, address);
  const auto is_known = [&](const host::Event&) { return session.host().info_of(peer) != nullptr; };
  if (!session.host().info_of(peer) && !session.run_until(is_known, kAnswerPatience))
    throw CommandError("the peer does not say who it is", kExitUnreachable);
  const json::object described = describe(peer, *session.host().info_of(peer));
  print(as_json ? json::serialize(described) + "\n" : lines_of(described));
  return kExitOk;
}

int run_p2p_perf(const Arguments& arguments) {
  CLI::App app("Measure how fast bytes go to a peer and come back (/perf/1.0.0).",
               "ghmesh p2p perf");
  std::string address, key_file;
  std::uint64_t up = 64 << 20, down = 64 << 20;
  app.add_option("address", address, "The peer; it must offer perf (`ghmesh p2p listen --perf`)")
      ->required()
      ->type_name("MULTIADDR");
  app.add_option("--upload", up, "Bytes to send")->capture_default_str();
  app.add_option("--download", down, "Bytes to receive")->capture_default_str();
  add_key_option(app, key_file);
  if (const auto code = parse_arguments(app, arguments)) return *code;
  net::Session session(caller_key(key_file), options());
  session.end_on_signal();
  const PeerId peer = connect(session, address);
  auto begun = session.host().perf(peer, up, down, MonotonicClock::now());
  if (!begun) throw CommandError("perf: " + begun.error().message());
  std::optional<host::PerfDone> done;
  const auto is_done = [&](const host::Event& event) {
    if (const auto* found = std::get_if<host::PerfDone>(&event)) done = *found;
    return done || std::holds_alternative<host::Disconnected>(event);
  };
  session.run_until(is_done, kPerfPatience);
  if (!done || done->reason)
    throw CommandError("perf: " + (done ? done->reason : Error(Errc::connection_lost)).message());
  print(fmt::format("up {} bytes in {:.3f} s: {:.1f} MB/s\n", done->bytes_up, seconds(done->upload),
                    static_cast<double>(done->bytes_up) / seconds(done->upload) / kMillion));
  print(fmt::format("down {} bytes in {:.3f} s: {:.1f} MB/s\n", done->bytes_down,
                    seconds(done->download),
                    static_cast<double>(done->bytes_down) / seconds(done->download) / kMillion));
  return kExitOk;
}

}  // namespace ghmesh::app
