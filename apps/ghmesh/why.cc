// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh why`: how an answer comes to be, and what would have made it a hit.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <iomanip>
#include <sstream>

#include "admin_client.h"
#include "command.h"
#include "node/flags.h"
#include "token.h"

namespace ghmesh::app {
namespace {

namespace json = boost::json;

std::string_view text(const json::value& value) { return value.as_string(); }

void write_line(std::ostringstream& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out << std::left << std::setw(12) << name << value << '\n';
}

// A line for each: when, how, what GitHub said, and what it cost.
void write_decisions(std::ostringstream& out, const json::array& decisions, std::int64_t now) {
  for (const json::value& decision : decisions) {
    out << std::right << std::setw(6) << now - decision.at("at").to_number<std::int64_t>()
        << " s ago  " << decision.at("status").to_number<int>() << "  " << std::left
        << std::setw(12) << text(decision.at("detail"));
    if (decision.at("github_said").is_null()) out << "GitHub not asked    ";
    else
      out << "GitHub said " << decision.at("github_said").to_number<int>()
          << (decision.at("calls_charged").to_number<int>() > 0 ? ", 1 call " : ", free   ");
    out << ' ' << text(decision.at("method")) << ' ' << text(decision.at("target"));
    if (!decision.at("age").is_null())
      out << "  (" << decision.at("age").to_number<std::int64_t>() << " s old)";
    out << '\n';
  }
}

void write_held(std::ostringstream& out, const json::value& held) {
  if (held.is_null()) {
    write_line(out, "held", "nothing under this key for this principal");
    return;
  }
  const auto fresh_for = held.at("fresh_for").to_number<std::int64_t>();
  std::ostringstream line;
  line << held.at("status").to_number<int>() << ", " << held.at("bytes").to_number<std::uint64_t>()
       << " B, proven " << held.at("age").to_number<std::int64_t>() << " s ago, "
       << (fresh_for > 0 ? "fresh for another " + std::to_string(fresh_for) + " s"
                         : "stale since " + std::to_string(-fresh_for) + " s");
  if (held.at("outdated").as_bool()) line << ", changed since";
  if (held.at("of_peer").as_bool()) line << ", by a peer's word";
  if (held.at("proven_public").as_bool()) line << ", public";
  if (!held.at("has_etag").as_bool()) line << ", without an ETag";
  write_line(out, "held", line.str());
}

std::string explanation_text(const json::value& why, std::int64_t now) {
  std::ostringstream out;
  const json::value& key = why.at("key");
  const std::string_view query = text(key.at("query"));
  std::string address(text(key.at("host")));
  address += text(key.at("path"));
  if (!query.empty()) (address += '?') += query;
  write_line(out, "key", address);
  write_line(out, "", "media type " + std::string(text(key.at("media_type"))));
  if (!text(key.at("api_version")).empty())
    write_line(out, "", "API version " + std::string(text(key.at("api_version"))));
  write_line(out, "route",
             std::string(text(why.at("route"))) + " (" + std::string(text(why.at("class"))) + ")");
  const json::value& principal = why.at("principal");
  std::string whose(text(principal.at("id")));
  if (!text(principal.at("group")).empty())
    whose += ", of the group " + std::string(text(principal.at("group")));
  if (principal.at("refused").as_bool()) whose += ", refused by GitHub";
  write_line(out, "principal", whose);
  if (why.at("passed_through").is_null()) write_held(out, why.at("held"));
  write_line(out, "now", text(why.at("now").at("says")));
  write_line(out, "a hit", text(why.at("would_help")));
  for (const json::value& near : why.at("nearest").as_array()) {
    std::string line(text(near.at("target")));
    line += " differs in its ";
    bool is_first = true;
    for (const json::value& difference : near.at("differs_in").as_array()) {
      if (!std::exchange(is_first, false)) line += ", ";
      line += text(difference);
    }
    write_line(out, "nearest", line);
  }
  const json::array& last = why.at("last").as_array();
  if (!last.empty()) out << '\n';
  write_decisions(out, last, now);
  return std::move(out).str();
}

}  // namespace

int run_why(const Arguments& arguments) {
  CLI::App app("Say how an answer comes to be, and what would have made it a hit.", "ghmesh why");
  std::vector<node::FlagValue> flags;
  bool as_json = false;
  std::string url, accept, api_version;
  std::size_t last_count = 0;
  auto* url_option =
      app.add_option("URL", url, "Such as /repos/OWNER/REPO; nobody is asked for it");
  app.add_option("--accept", accept, "The media type that is asked for");
  app.add_option("--api-version", api_version, "The X-GitHub-Api-Version that is asked with");
  auto* last_option = app.add_option("--last", last_count, "The last answers of the daemon")
                          ->expected(0, 1)
                          ->default_str("20")
                          ->check(CLI::Range(1, 1024));
  last_option->excludes(url_option);
  app.add_flag("--json", as_json, "Print JSON");
  node::add_setting_flags(app, flags, {"socket", "admin"});
  if (const auto code = parse_arguments(app, arguments)) return *code;
  const bool is_last = last_option->count() > 0;
  if (url.empty() && !is_last) throw CommandError("say what: a URL, or --last");
  const node::Environment environment = node::Environment::of_process();
  const auto config = node::load_config(flags, environment).config;
  ClientRequest request{.target = "/api/v1/decisions?last=" + std::to_string(last_count)};
  if (!is_last) {
    json::object object{{"url", url}};
    if (!accept.empty()) object["accept"] = accept;
    if (!api_version.empty()) object["api_version"] = api_version;
    request = {.method = "POST", .target = "/api/v1/why"};
    request.fields = {{"Content-Type", "application/json"}};
    request.body = json::serialize(object);
    const Token token = find_token(environment);
    if (!token.empty()) request.fields.push_back({"Authorization", "token " + token.reveal()});
  }
  const std::string body = ask_admin(config.admin, std::move(request));
  if (as_json) {
    print(body);
    return kExitOk;
  }
  try {
    const json::value told = json::parse(body);
    const std::int64_t now = to_seconds(read_clocks().wall);
    std::ostringstream out;
    if (is_last) write_decisions(out, told.at("last").as_array(), now);
    else out << explanation_text(told, now);
    print(std::move(out).str());
  } catch (const std::exception& error) {  // Boost.JSON reports a missing key or a wrong kind so
    throw CommandError(std::string("the daemon's answer is not understood: ") + error.what());
  }
  return kExitOk;
}

}  // namespace ghmesh::app
