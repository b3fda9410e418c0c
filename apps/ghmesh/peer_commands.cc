// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh peers` and `ghmesh ping`: questions to the admin side about the swarm.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <iomanip>
#include <sstream>

#include "admin_client.h"
#include "base/time.h"
#include "command.h"
#include "node/flags.h"
#include "swarm_tables.h"

namespace ghmesh::app {

namespace json = boost::json;

int run_peers(const Arguments& arguments) {
  CLI::App app("Show the peers of the daemon, and what came of what they said.", "ghmesh peers");
  std::vector<node::FlagValue> flags;
  bool as_json = false;
  app.add_flag("--json", as_json, "Print JSON");
  node::add_setting_flags(app, flags, {"socket", "admin"});
  if (const auto code = parse_arguments(app, arguments)) return *code;

  const auto config = node::load_config(flags, node::Environment::of_process()).config;
  const std::string body = ask_admin(config.admin, {.target = "/api/v1/peers"});
  if (as_json) {
    print(body);
    return kExitOk;
  }
  try {
    print(peers_text(json::parse(body), to_seconds(read_clocks().wall)));
  } catch (const std::exception& error) {  // Boost.JSON reports a missing key or a wrong kind so
    throw CommandError(std::string("what the daemon says is not understood: ") + error.what());
  }
  return kExitOk;
}

int run_ping(const Arguments& arguments) {
  CLI::App app("Measure the round trip from the daemon to one of its peers.", "ghmesh ping");
  std::vector<node::FlagValue> flags;
  std::string peer;
  bool as_json = false;
  app.add_option("peer", peer, "Its id, as `ghmesh peers` shows it")->required();
  app.add_flag("--json", as_json, "Print JSON");
  node::add_setting_flags(app, flags, {"socket", "admin"});
  if (const auto code = parse_arguments(app, arguments)) return *code;

  const auto config = node::load_config(flags, node::Environment::of_process()).config;
  ClientRequest request{.method = "POST", .target = "/api/v1/peers/ping"};
  request.fields = {{"Content-Type", "application/json"}};
  const json::object question{{"peer", peer}};
  request.body = json::serialize(question);
  const std::string body = ask_admin(config.admin, std::move(request));
  if (as_json) {
    print(body);
    return kExitOk;
  }
  json::error_code error;
  const json::value answer = json::parse(body, error);
  const json::value* rtt = error ? nullptr : answer.find_pointer("/rtt_ms", error);
  if (!rtt || !rtt->is_number()) throw CommandError("the daemon's answer is not understood");
  std::ostringstream line;
  line << peer << "  " << std::fixed << std::setprecision(3) << rtt->to_number<double>() << " ms\n";
  print(std::move(line).str());
  return kExitOk;
}

}  // namespace ghmesh::app
