// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh run -- CMD` and `ghmesh env`: programs that use the daemon without any change to the user's own
// configuration.
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "admin_client.h"
#include "client.h"
#include "command.h"
#include "gh_directory.h"
#include "node/flags.h"

namespace ghmesh::app {
namespace {

struct Variable {
  std::string name;
  std::string value;
};

// The daemon's first address on TCP, "http://127.0.0.1:8418"; empty when it has none.
std::string base_url(const node::Config& config) {
  namespace json = boost::json;
  json::error_code error;
  const json::value stats =
      json::parse(ask_admin(config.admin, {.target = "/api/v1/stats"}), error);
  const json::value* addresses = error ? nullptr : stats.find_pointer("/addresses", error);
  if (!addresses || !addresses->is_array()) return {};
  constexpr std::string_view kPrefix = "listening http://";
  for (const json::value& address : addresses->get_array())
    if (address.is_string() && std::string_view(address.get_string()).starts_with(kPrefix))
      return std::string(std::string_view(address.get_string())
                             .substr(kPrefix.size() - std::string_view("http://").size()));
  return {};
}

// For clients that take a base URL from the environment: @actions/github, Octokit in actions, Renovate.
std::vector<Variable> url_variables(const node::Config& config) {
  std::string url;
  try {
    url = base_url(config);
  } catch (const CommandError&) {  // no admin side, no matter: gh does not need it
  }
  if (url.empty()) return {};
  return {{"GITHUB_API_URL", url}, {"GITHUB_GRAPHQL_URL", url + "/graphql"}};
}

bool does_answer(const std::string& socket) { return Client::connect(socket).has_value(); }

// A directory of our own that is gone when the command has ended.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const node::Environment& environment) {
    // The runtime directory is in memory and this user's own.
    const std::string base = environment.get("XDG_RUNTIME_DIR");
    for (const std::string& parent : {base, environment.get("TMPDIR"), std::string("/tmp")}) {
      if (!parent.starts_with('/')) continue;
      path_ = parent + "/ghmesh-run-XXXXXX";
      if (mkdtemp(path_.data())) return;  // with mode 0700
    }
    throw CommandError("cannot make a temporary directory: " +
                       std::generic_category().message(errno));
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;  // a file left in a private directory does no harm
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What is passed on to the command. The terminal sends SIGINT and its like to the command as well; those are not
// doubled.
constexpr std::array kForwarded{SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGQUIT};

sigset_t waited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : kForwarded) sigaddset(&set, number);
  sigaddset(&set, SIGCHLD);
  return set;
}

[[noreturn]] void throw_cannot_run(const std::string& command, int code) {
  complain("cannot run " + command + ": " + std::generic_category().message(code));
  // As a shell says it: found and not executable, or not found.
  throw CommandError("", code == ENOENT ? static_cast<ExitCode>(127) : static_cast<ExitCode>(126));
}

pid_t start(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int code = posix_spawnp(&child, argv[0], nullptr, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (code != 0) throw_cannot_run(command.front(), code);
  return child;
}

int wait_for(pid_t child) {
  const sigset_t set = waited_signals();
  for (;;) {
    siginfo_t info{};
    const int number = sigwaitinfo(&set, &info);
    if (number > 0 && number != SIGCHLD) {
      const bool is_from_terminal = info.si_code == SI_KERNEL;
      if (!is_from_terminal) kill(child, number);
      continue;
    }
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    return 128 + WTERMSIG(status);
  }
}

int run_directly(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  throw_cannot_run(command.front(), errno);
}

// In single quotes, as every shell of the Bourne family takes it.
std::string shell_text(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') out += "'\\''";
    else out += c;
  }
  return out + "'";
}

}  // namespace

int run_run(const Arguments& arguments) {
  CLI::App app("Run a command whose gh uses the daemon. Without a daemon it runs all the same.",
               "ghmesh run");
  std::vector<node::FlagValue> flags;
  std::vector<std::string> command;
  node::add_setting_flags(app, flags, {"socket", "admin"});
  app.add_option("command", command, "The command and its arguments")->required();
  app.positionals_at_end();
  app.prefix_command(false);
  // Everything behind the command's name is the command's, dashes included.
  auto split = std::ranges::find(arguments, "--");
  Arguments own(arguments.begin(), split);
  if (split != arguments.end()) {
    own.emplace_back("--");
    own.emplace_back("COMMAND");  // stands for what CLI11 must not look at
  }
  if (const auto code = parse_arguments(app, own)) return *code;
  if (split != arguments.end()) command.assign(split + 1, arguments.end());
  if (command.empty()) throw CommandError("say which command: ghmesh run -- COMMAND");

  unsetenv(std::string(node::kSwarmSecretVariable).c_str());  // a node's, and no command's
  const node::Environment environment = node::Environment::of_process();
  const auto config = node::load_config(flags, environment).config;
  if (!does_answer(config.socket)) {
    complain("the daemon does not answer at " + config.socket + "; running without it");
    return run_directly(command);
  }
  const TemporaryDirectory directory(environment);
  fill_gh_directory(directory.path(), config.socket, environment);
  setenv("GH_CONFIG_DIR", directory.path().c_str(), 1);
  setenv("GHMESH_SOCKET", config.socket.c_str(), 1);
  for (const Variable& variable : url_variables(config))
    setenv(variable.name.c_str(), variable.value.c_str(), 1);

  const sigset_t set = waited_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return wait_for(start(command));
}

int run_env(const Arguments& arguments) {
  CLI::App app("Print the variables that make programs use the daemon: eval \"$(ghmesh env)\".",
               "ghmesh env");
  std::vector<node::FlagValue> flags;
  node::add_setting_flags(app, flags, {"socket", "admin", "state_dir"});
  if (const auto code = parse_arguments(app, arguments)) return *code;

  const node::Environment environment = node::Environment::of_process();
  const auto config = node::load_config(flags, environment).config;
  if (!does_answer(config.socket))
    complain("the daemon does not answer at " + config.socket + "; start it with `ghmesh serve`");
  // Stays behind, since a shell has no end that we see; so it is one directory, filled anew each time.
  const std::string directory = config.state_dir + "/gh";
  if (environment.get("GH_CONFIG_DIR") != directory) {
    std::error_code error;
    const mode_t old_mask = umask(077);
    std::filesystem::create_directories(directory, error);
    umask(old_mask);
    if (error) throw CommandError("cannot make " + directory + ": " + error.message());
    fill_gh_directory(directory, config.socket, environment);
  }
  std::vector<Variable> variables{{"GH_CONFIG_DIR", directory}, {"GHMESH_SOCKET", config.socket}};
  std::ranges::move(url_variables(config), std::back_inserter(variables));
  std::string text;
  for (const Variable& variable : variables)
    text += "export " + variable.name + "=" + shell_text(variable.value) + "\n";
  print(text);
  return kExitOk;
}

}  // namespace ghmesh::app
