// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh warm`: asks through the daemon, ahead of time, for what a list or an organization is made of.
//
// It keeps no state of its own: what an earlier run has fetched is a hit now, or a free 304, so to begin again is to
// resume.
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>

#include "base/text.h"
#include "command.h"
#include "node/flags.h"
#include "token.h"
#include "warm_run.h"

namespace ghmesh::app {
namespace {

// A list of more is no list that somebody means; each line is a call in the worst case.
constexpr std::size_t kLinesMax = 100'000;

// What tools ask for first, as they ask for it.
constexpr std::array<std::string_view, 8> kOfARepository{
    "",       "/branches", "/tags",         "/releases",
    "/pulls", "/issues",   "/actions/runs", "/actions/workflows"};

std::vector<std::string> read_list(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) throw CommandError("cannot read " + path);
  }
  std::istream& stream = path == "-" ? std::cin : file;
  std::vector<std::string> targets;
  for (std::string line; std::getline(stream, line);) {
    const std::string_view text = trim(line);
    if (text.empty() || text.starts_with('#')) continue;
    if (targets.size() == kLinesMax) throw CommandError("the list has more than 100,000 lines");
    targets.push_back(warm_target(text));
  }
  return targets;
}

// The bar, on a terminal; elsewhere a line for each tenth.
class Progress {
 public:
  void show(const WarmCounts& counts, bool is_last) {
    const std::size_t all = std::max<std::size_t>(counts.asked + counts.waiting, 1);
    const std::size_t tenth = counts.asked * 10 / all;
    if (!is_terminal_ && !is_last && tenth == last_tenth_) return;
    last_tenth_ = tenth;
    constexpr std::size_t kWidth = 30;
    std::string line;
    if (is_terminal_) {
      const std::size_t filled = counts.asked * kWidth / all;
      line = "\r[" + std::string(filled, '=') + std::string(kWidth - filled, ' ') + "] ";
    }
    line += std::to_string(counts.asked) + " of " + std::to_string(all) + ", " +
            std::to_string(counts.charged) + " calls counted";
    if (counts.remaining) line += ", " + std::to_string(*counts.remaining) + " left";
    if (counts.failed > 0) line += ", " + std::to_string(counts.failed) + " failed";
    line += is_terminal_ && !is_last ? "\033[K" : "\n";
    std::cerr << line << std::flush;
  }

 private:
  const bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::size_t last_tenth_ = SIZE_MAX;
};

void add_repositories(std::string_view body, WarmRun& run) {
  boost::system::error_code error;
  const auto value = boost::json::parse(body, error);
  const auto* list = error ? nullptr : value.if_array();
  if (!list) return;
  for (const auto& repository : *list) {
    const auto* object = repository.if_object();
    const auto* name = object ? object->if_contains("full_name") : nullptr;
    if (!name || !name->is_string()) continue;
    for (const std::string_view part : kOfARepository)
      run.add({.target = warm_target("/repos/" + std::string(std::string_view(name->get_string())) +
                                     std::string(part))});
  }
}

ExitCode conclude(const WarmCounts& counts, std::uint64_t reserve) {
  if (counts.stop == WarmStop::limited || counts.stop == WarmStop::reserve) {
    const std::string when =
        counts.reset_in > Seconds(0)
            ? "; it is filled again in " + std::to_string(counts.reset_in.count()) + " s"
            : "";
    complain((counts.stop == WarmStop::limited ? "stopped: GitHub's limit is reached"
                                               : "stopped: " + std::to_string(reserve) +
                                                     " calls of the budget are left to others") +
             when + ". Run it again to go on: what is done costs nothing.");
    return kExitLimited;
  }
  return counts.failed == 0 ? kExitOk : kExitFailed;
}

}  // namespace

int run_warm(const Arguments& arguments) {
  CLI::App app("Ask for what will be asked for, so that it is there.", "ghmesh warm");
  std::vector<node::FlagValue> flags;
  std::string file, organization;
  WarmOptions options;
  auto* file_option =
      app.add_option("FILE", file, "Paths or URLs, one a line; - is the standard input");
  app.add_option("--org", organization,
                 "The repositories of an organization, and their common lists")
      ->excludes(file_option);
  app.add_option("--reserve", options.reserve,
                 "Stop when so many calls of the budget are left [500]");
  app.add_option("--jobs", options.jobs, "So many at once [4]")->check(CLI::Range(1, 16));
  app.add_option("--pages", options.pages_max, "Of each list, so many pages [100]")
      ->check(CLI::Range(1, 1000));
  node::add_setting_flags(app, flags, {"socket"});
  if (const auto code = parse_arguments(app, arguments)) return *code;
  if (file.empty() == organization.empty()) throw CommandError("say what: a FILE, or --org");
  const node::Environment environment = node::Environment::of_process();
  options.socket = node::load_config(flags, environment).config.socket;
  const Token token = find_token(environment);

  WarmRun run(options, token);
  if (!organization.empty()) {
    run.add({.target = warm_target("/orgs/" + organization + "/repos?per_page=100"),
             .on_body = [&run](std::string_view body) { add_repositories(body, run); }});
  } else {
    for (std::string& target : read_list(file)) run.add({.target = std::move(target)});
  }
  Progress progress;
  const WarmCounts counts = run.go([&](const WarmCounts& now) { progress.show(now, false); });
  progress.show(counts, true);
  for (const std::string& failure : counts.failures) complain(failure);
  return conclude(counts, options.reserve);
}

}  // namespace ghmesh::app
