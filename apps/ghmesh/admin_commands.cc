// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh stats`: a question to the admin side.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <boost/json.hpp>
#include <iomanip>
#include <sstream>

#include "admin_client.h"
#include "base/text.h"
#include "command.h"
#include "node/flags.h"
#include "swarm_tables.h"

namespace ghmesh::app {
namespace {

namespace json = boost::json;

// Of a request that callers made, what became of it: the word in the statistics and the words for a person.
struct Row {
  std::string_view key;
  std::string_view words;
};
constexpr std::array kRows{Row{"fresh", "served fresh, nobody asked"},
                           Row{"revalidated", "revalidated, free of charge"},
                           Row{"proven", "another credential's body, proven for free"},
                           Row{"coalesced", "shared a call that was under way"},
                           Row{"peer", "on the word of another node of the swarm"},
                           Row{"stale", "served stale, GitHub could not answer"},
                           Row{"fetched", "fetched from GitHub"},
                           Row{"passed", "passed through"}};

std::uint64_t number(const json::value& value, std::string_view pointer) {
  json::error_code error;
  const json::value* found = value.find_pointer(pointer, error);
  return found && found->is_number() ? found->to_number<std::uint64_t>(error) : 0;
}

std::string human_bytes(std::uint64_t bytes_count) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes_count);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  std::ostringstream out;
  out << std::fixed << std::setprecision(unit == 0 ? 0 : 1) << amount << ' ' << kUnits[unit];
  return std::move(out).str();
}

std::string human_duration(std::uint64_t seconds) {
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h";
}

void write_row(std::ostringstream& out, std::uint64_t count, std::string_view words) {
  out << std::setw(10) << count << "  " << words << '\n';
}

std::string stats_text(const json::value& stats) {
  std::ostringstream out;
  const std::uint64_t requests = number(stats, "/requests");
  const std::uint64_t saved = number(stats, "/saved");
  write_row(out, requests, "requests in " + human_duration(number(stats, "/uptime_seconds")));
  for (const Row& row : kRows)
    write_row(out, number(stats, "/answered/" + std::string(row.key)), row.words);
  out << '\n';
  write_row(out, number(stats, "/upstream/requests"), "calls to GitHub, of which");
  write_row(out, number(stats, "/upstream/charged"), "were charged");
  if (requests > 0)
    write_row(out, saved,
              "requests cost nothing (" + std::to_string(saved * 100 / requests) + " %)");
  out << '\n';
  const bool is_on_disk = stats.at("cache").at("is_on_disk").as_bool();
  write_row(out, number(stats, "/cache/entries"),
            "entries, " + (is_on_disk ? human_bytes(number(stats, "/cache/disk_bytes")) + " on disk"
                                      : "in memory only"));
  for (const json::value& budget : stats.at("budgets").as_array())
    write_row(out, number(budget, "/remaining"),
              "left of " + std::to_string(number(budget, "/limit")) + " for " +
                  std::string(std::string_view(budget.at("resource").as_string())));
  return std::move(out).str();
}

}  // namespace

int run_stats(const Arguments& arguments) {
  CLI::App app("Show what the daemon has done since it started.", "ghmesh stats");
  std::vector<node::FlagValue> flags;
  bool as_json = false;
  bool is_of_swarm = false;
  app.add_flag("--json", as_json, "Print JSON");
  app.add_flag("--swarm", is_of_swarm, "Of all nodes of the swarm");
  node::add_setting_flags(app, flags, {"socket", "admin"});
  if (const auto code = parse_arguments(app, arguments)) return *code;

  const auto config = node::load_config(flags, node::Environment::of_process()).config;
  const std::string body =
      ask_admin(config.admin, {.target = is_of_swarm ? "/api/v1/stats?swarm=1" : "/api/v1/stats"});
  if (as_json) {
    print(body);
    return kExitOk;
  }
  try {
    const json::value stats = json::parse(body);
    print(is_of_swarm ? swarm_stats_text(stats, to_seconds(read_clocks().wall))
                      : stats_text(stats));
  } catch (const std::exception& error) {  // Boost.JSON reports a missing key or a wrong kind so
    throw CommandError(std::string("the daemon's statistics are not understood: ") + error.what());
  }
  return kExitOk;
}

}  // namespace ghmesh::app
