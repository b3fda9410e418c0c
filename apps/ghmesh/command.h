// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the subcommands of ghmesh share: their exit codes, how they fail, and how they parse their arguments.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node/config.h"

namespace CLI {
class App;
}

namespace ghmesh::app {

// The first four are those of gh.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,
  kExitCancelled = 2,
  kExitUnreachable = 3,  // the daemon does not answer
  kExitAuth = 4,
  kExitLimited = 5,  // GitHub's limit is reached, and there is nothing to serve
};

// Ends the command; main prints the text.
class CommandError : public std::runtime_error {
 public:
  explicit CommandError(const std::string& text, ExitCode code = kExitFailed)
      : std::runtime_error(text), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

using Arguments = std::vector<std::string>;  // behind the name of the subcommand

int run_api(const Arguments& arguments);
int run_stats(const Arguments& arguments);
int run_purge(const Arguments& arguments);
int run_invalidate(const Arguments& arguments);
int run_why(const Arguments& arguments);
int run_warm(const Arguments& arguments);
int run_run(const Arguments& arguments);
int run_env(const Arguments& arguments);
int run_config(const Arguments& arguments);
int run_version(const Arguments& arguments);
int run_peers(const Arguments& arguments);
int run_ping(const Arguments& arguments);
// These become another program, in this very process.
int run_serve(const Arguments& arguments);
int run_swarm(const Arguments& arguments);
int run_p2p(const Arguments& arguments);
int run_export(const Arguments& arguments);
int run_import(const Arguments& arguments);

// nullopt: go on; otherwise the exit code, after help or a complaint was printed.
std::optional<int> parse_arguments(CLI::App& app, const Arguments& arguments);

// Writes all of it to standard output; a reader that went away ends the command quietly, as SIGPIPE would.
void print(std::string_view text);
// "ghmesh: TEXT" on standard error.
void complain(std::string_view text);

// This process holds secrets: a caller's token, a key, the secret of a swarm. Nothing of it may end in a core dump.
void keep_out_of_core_dumps();

// Says that there is no daemon, and what to do.
[[noreturn]] void throw_unreachable(std::string_view address, const Error& error);

}  // namespace ghmesh::app
