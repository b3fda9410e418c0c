// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "swarm_commands.h"

#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <boost/json.hpp>
#include <ctime>

#include "admin_client.h"
#include "client.h"
#include "node/flags.h"
#include "node/swarm_secret.h"
#include "swarm_input.h"

namespace ghmesh::app {
namespace {

namespace json = boost::json;
using crypto::Secret;
using mesh::SwarmSecret;

constexpr std::string_view kSecretPrompt = "Secret or invitation (it is not shown): ";
constexpr std::string_view kPassphrasePrompt = "Passphrase (it is not shown): ";

std::string date_text(WallTime time) {
  const std::time_t seconds = to_seconds(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts)};
}

WallTime now() { return read_clocks().wall; }

// What the commands that look at this node have in common.
struct Here {
  node::Config config;
  node::SwarmSources sources;
};

void add_here_flags(CLI::App& app, std::vector<node::FlagValue>& flags) {
  node::add_setting_flags(
      app, flags, {"socket", "admin", "state_dir", "swarm_secret_file", "swarm_from_token"});
}

Here look_here(const std::vector<node::FlagValue>& flags) {
  Here here{.config = node::load_config(flags, node::Environment::of_process()).config,
            .sources = {}};
  here.sources = node::SwarmSources::take_from_process(here.config);
  return here;
}

SwarmSecret or_throw(Result<SwarmSecret> secret) {
  if (!secret) throw CommandError(secret.error().message());
  return *std::move(secret);
}

// A secret, or an invitation whose passphrase stands in the next line, in a file, or is asked for at a terminal.
SwarmSecret read_swarm_secret(const std::string& source, const std::string& passphrase_file) {
  const Secret text = read_secret(source, mesh::kSwarmSecretTextBytesMax, kSecretPrompt);
  if (!passphrase_file.empty()) {
    const Secret passphrase =
        read_secret(passphrase_file, crypto::kPassphraseBytesMax, kPassphrasePrompt);
    return or_throw(node::parse_swarm_input(text, passphrase));
  }
  auto secret = node::parse_swarm_input(text);
  if (secret || secret.error() != Errc::swarm_passphrase_missing || !isatty(STDIN_FILENO))
    return or_throw(std::move(secret));
  return or_throw(node::parse_swarm_input(
      text, read_secret("-", crypto::kPassphraseBytesMax, kPassphrasePrompt)));
}

// A daemon that runs takes the change up if it can.
void tell_daemon(const node::Config& config) {
  ClientRequest request{.method = "POST", .target = "/api/v1/swarm/reload"};
  request.host = config.admin.starts_with('/') ? "localhost" : config.admin;
  request.fields = {{"Content-Type", "application/json"}};
  request.body = "{}";
  const auto answer = ask(config.admin, request, kAdminAnswerBytesMax);
  if (!answer) return;  // none runs, and the next one reads it
  hint(answer->response.status == 200 ? "The daemon has taken it up."
                                      : "The daemon goes on as before until it is restarted.");
}

// Says so when what was kept is not what the node would use.
void warn_of_stronger_source(const Here& here) {
  try {
    const auto used = node::load_swarm_secret(here.sources, now());
    if (used && !used->is_kept) complain("the swarm secret is still taken from " + used->source);
  } catch (const node::ConfigError& error) {
    complain(std::string("a daemon would not start: ") + error.what());
  }
}

std::string described(const node::SwarmMembership& swarm) {
  std::string text =
      "swarm     " + swarm.newest.fingerprint() + "\nsource    " + swarm.source + "\n";
  if (swarm.previous)
    text += "previous  " + swarm.previous->secret.fingerprint() + ", read until " +
            date_text(swarm.previous->until) + "\n";
  return text;
}

json::object as_json(const node::SwarmMembership& swarm) {
  json::object made{{"swarm", swarm.newest.fingerprint()},
                    {"source", swarm.source},
                    {"rotates_here", swarm.is_kept},
                    {"previous", nullptr}};
  if (swarm.previous)
    made["previous"] = json::object{{"swarm", swarm.previous->secret.fingerprint()},
                                    {"until", to_seconds(swarm.previous->until)}};
  return made;
}

node::SwarmMembership load_or_throw(const Here& here) {
  auto swarm = node::load_swarm_secret(here.sources, now());
  if (!swarm)
    throw CommandError("this node is in no swarm; `ghmesh swarm join` makes it one of one");
  return *std::move(swarm);
}

}  // namespace

int run_swarm_new(const Arguments& arguments) {
  CLI::App app(
      "Print the secret of a new swarm on one line. With a passphrase, print an invitation: it is "
      "not "
      "secret, and makes a swarm together with the passphrase.",
      "ghmesh swarm new");
  std::string passphrase_file;
  app.add_option("--passphrase-file", passphrase_file,
                 "Where the passphrase is; - reads it from standard input")
      ->type_name("FILE|-");
  if (const auto code = parse_arguments(app, arguments)) return *code;

  const bool is_shown = isatty(STDOUT_FILENO) != 0;
  if (passphrase_file.empty()) {
    print_secret(SwarmSecret::generate().text());
    if (is_shown)
      hint(
          "Whoever has this line is of the swarm. Better: ghmesh swarm new > FILE, then ghmesh "
          "swarm "
          "join FILE.");
    return kExitOk;
  }
  const auto invitation = mesh::Invitation::generate();
  const SwarmSecret secret = or_throw(SwarmSecret::from_passphrase(
      read_secret(passphrase_file, crypto::kPassphraseBytesMax, kPassphrasePrompt), invitation));
  print(invitation.text() + "\n");
  if (is_shown)
    hint("Swarm " + secret.fingerprint() +
         ". The invitation is worth nothing without the passphrase.");
  return kExitOk;
}

int run_swarm_join(const Arguments& arguments) {
  CLI::App app(
      "Make this node one of a swarm: read its secret, or an invitation and its passphrase, and "
      "keep "
      "it in the state directory.",
      "ghmesh swarm join");
  std::vector<node::FlagValue> flags;
  std::string source;
  std::string passphrase_file;
  bool is_forced = false;
  app.add_option("file", source, "What `ghmesh swarm new` printed; - or nothing: standard input");
  app.add_option("--passphrase-file", passphrase_file,
                 "The passphrase that goes with an invitation")
      ->type_name("FILE|-");
  app.add_flag("--force", is_forced, "Leave the swarm that this node is of");
  add_here_flags(app, flags);
  if (const auto code = parse_arguments(app, arguments)) return *code;

  const Here here = look_here(flags);
  const std::string& state_dir = here.config.state_dir;
  const SwarmSecret secret = read_swarm_secret(source, passphrase_file);
  if (!is_forced) {
    const auto kept = node::load_kept_swarm(state_dir, now());
    if (kept && kept->newest == secret) {
      print("already in swarm " + secret.fingerprint() + "\n");
      return kExitOk;
    }
    if (kept)
      throw CommandError("this node is of swarm " + kept->newest.fingerprint() + ", not of " +
                         secret.fingerprint() +
                         "; `ghmesh swarm rotate FILE` goes over within a day, --force at once");
  }
  node::keep_swarm(state_dir, {.newest = secret, .previous = std::nullopt});
  print("joined swarm " + secret.fingerprint() + "\n");
  warn_of_stronger_source(here);
  tell_daemon(here.config);
  return kExitOk;
}

int run_swarm_show(const Arguments& arguments) {
  CLI::App app("Say which swarm this node is of, in words that may be read aloud.",
               "ghmesh swarm show");
  std::vector<node::FlagValue> flags;
  bool is_revealed = false;
  bool wants_json = false;
  app.add_flag("--reveal", is_revealed, "Print the secret itself, and nothing else");
  app.add_flag("--json", wants_json, "Print JSON");
  add_here_flags(app, flags);
  if (const auto code = parse_arguments(app, arguments)) return *code;

  const node::SwarmMembership swarm = load_or_throw(look_here(flags));
  if (is_revealed) {
    const Secret text = swarm.newest.text();
    if (text.empty())
      throw CommandError(
          "this swarm has no secret to pass on: it is made of a passphrase or of a token");
    print_secret(text);
    return kExitOk;
  }
  if (!swarm.warning.empty()) complain(swarm.warning);
  print(wants_json ? json::serialize(as_json(swarm)) + "\n" : described(swarm));
  return kExitOk;
}

int run_swarm_rotate(const Arguments& arguments) {
  CLI::App app(
      "Go over to the next secret: print a new one, or read the one that another node printed. "
      "What "
      "the previous one seals is read for 24 hours more.",
      "ghmesh swarm rotate");
  std::vector<node::FlagValue> flags;
  std::string source;
  std::string passphrase_file;
  app.add_option("file", source, "The next secret; - reads standard input; without it one is made");
  app.add_option("--passphrase-file", passphrase_file,
                 "The passphrase that goes with an invitation")
      ->type_name("FILE|-");
  add_here_flags(app, flags);
  if (const auto code = parse_arguments(app, arguments)) return *code;

  const Here here = look_here(flags);
  const node::SwarmMembership swarm = load_or_throw(here);
  if (!swarm.is_kept)
    throw CommandError("the swarm secret is taken from " + swarm.source +
                       ": it can only be changed there, and has no previous one");
  const bool is_made = source.empty();
  const SwarmSecret next =
      is_made ? SwarmSecret::generate() : read_swarm_secret(source, passphrase_file);
  const node::KeptSwarm rotated =
      node::rotated({.newest = swarm.newest, .previous = swarm.previous}, next, now());
  node::keep_swarm(here.config.state_dir, rotated);
  // Kept first: a line that is lost on its way can be had again with show --reveal.
  if (is_made) print_secret(next.text());
  hint(next == swarm.newest ? "Already in swarm " + next.fingerprint() + "."
                            : "Swarm " + next.fingerprint() + "; " + swarm.newest.fingerprint() +
                                  " is read until " + date_text(rotated.previous->until) + ".");
  tell_daemon(here.config);
  return kExitOk;
}

int run_swarm_leave(const Arguments& arguments) {
  CLI::App app("Forget the swarm that `ghmesh swarm join` kept.", "ghmesh swarm leave");
  std::vector<node::FlagValue> flags;
  add_here_flags(app, flags);
  if (const auto code = parse_arguments(app, arguments)) return *code;

  const Here here = look_here(flags);
  if (!node::forget_kept_swarm(here.config.state_dir))
    throw CommandError("this node has joined no swarm");
  print("left the swarm\n");
  warn_of_stronger_source(here);
  tell_daemon(here.config);
  return kExitOk;
}

}  // namespace ghmesh::app
