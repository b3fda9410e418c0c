// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/swarm_secret.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "node/secret_input.h"

namespace ghmesh::node {
namespace {

// A passphrase may stand beside an invitation.
constexpr std::size_t kSwarmInputBytesMax = mesh::kSwarmSecretTextBytesMax;

constexpr std::string_view kJobTokenWarning =
    "the token belongs to one job: no other job has it, so this swarm has nobody else";

std::string_view trim_lines(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

mesh::SwarmSecret parse_or_throw(const crypto::Secret& text, const std::string& source) {
  auto secret = parse_swarm_input(text);
  if (!secret) throw ConfigError(source + ": " + secret.error().message());
  return *std::move(secret);
}

SwarmMembership of_file(const std::string& path, Privacy privacy, const std::string& source) {
  try {
    const crypto::Secret text = read_secret_file(path, kSwarmInputBytesMax, privacy);
    return {.newest = parse_or_throw(text, path), .previous = std::nullopt, .source = source};
  } catch (const ConfigError& error) {
    throw ConfigError("no swarm secret from " + source + ": " + error.what());
  }
}

SwarmMembership of_token(const SwarmSources& sources) {
  if (sources.token.empty())
    throw ConfigError(
        "`swarm_from_token` is set, but neither GH_TOKEN nor GITHUB_TOKEN is in the environment");
  auto secret = mesh::SwarmSecret::from_token(sources.token);
  if (!secret)
    throw ConfigError("no swarm secret from " + sources.token_variable + ": " +
                      secret.error().message());
  return {.newest = *std::move(secret),
          .previous = std::nullopt,
          .source = "GitHub token of " + sources.token_variable,
          .warning = std::string(mesh::is_job_token(sources.token) ? kJobTokenWarning : "")};
}

crypto::Secret secret_of_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? crypto::Secret(std::string_view(value)) : crypto::Secret();
}

// The bytes themselves are wiped, too: /proc/PID/environ shows them for as long as the process lives.
crypto::Secret take_variable(const char* name) {
  char* value = std::getenv(name);
  if (!value) return {};
  crypto::Secret taken{std::string_view(value)};
  crypto::wipe(std::as_writable_bytes(std::span(value, std::strlen(value))));
  ::unsetenv(name);
  return taken;
}

}  // namespace

SwarmSources SwarmSources::take_from_process(const Config& config) {
  SwarmSources sources{.secret_file = config.swarm_secret_file,
                       .variable = take_variable(std::string(kSwarmSecretVariable).c_str()),
                       .credentials_directory = {},
                       .state_dir = config.state_dir,
                       .is_token_wanted = config.swarm_from_token,
                       .token = {},
                       .token_variable = {}};
  if (const char* directory = std::getenv("CREDENTIALS_DIRECTORY"))
    sources.credentials_directory = directory;
  if (!sources.is_token_wanted) return sources;
  for (const char* name : {"GH_TOKEN", "GITHUB_TOKEN"}) {
    sources.token = secret_of_variable(name);
    sources.token_variable = name;
    if (!sources.token.empty()) break;
  }
  return sources;
}

std::optional<SwarmMembership> load_swarm_secret(const SwarmSources& sources, WallTime now) {
  if (!sources.secret_file.empty())
    return of_file(sources.secret_file, Privacy::ours_alone, "file " + sources.secret_file);
  if (!sources.variable.empty()) {
    const std::string source = "environment " + std::string(kSwarmSecretVariable);
    return SwarmMembership{
        .newest = parse_or_throw(sources.variable, "no swarm secret from " + source),
        .previous = std::nullopt,
        .source = source};
  }
  if (!sources.credentials_directory.empty()) {
    const std::string path = sources.credentials_directory + "/" + std::string(kSwarmCredential);
    if (::access(path.c_str(), F_OK) == 0 || errno != ENOENT)
      return of_file(path, Privacy::as_manager_says,
                     "systemd credential " + std::string(kSwarmCredential));
  }
  if (auto kept = load_kept_swarm(sources.state_dir, now))
    return SwarmMembership{.newest = std::move(kept->newest),
                           .previous = std::move(kept->previous),
                           .source = "state directory " + sources.state_dir,
                           .warning = {},
                           .is_kept = true};
  if (sources.is_token_wanted) return of_token(sources);
  return std::nullopt;
}

Result<mesh::SwarmSecret> parse_swarm_input(const crypto::Secret& text) {
  std::string_view rest = trim_lines(as_text(text.reveal()));
  const std::string_view first = trim_lines(take_until(rest, '\n'));
  const auto invitation = mesh::Invitation::parse(first);
  if (!invitation && invitation.error() == Errc::swarm_secret_unknown)
    return mesh::SwarmSecret::parse(text);
  if (!invitation) return invitation.error();
  const crypto::Secret passphrase(trim_lines(rest));
  if (passphrase.empty()) return Errc::swarm_passphrase_missing;
  return mesh::SwarmSecret::from_passphrase(passphrase, *invitation);
}

Result<mesh::SwarmSecret> parse_swarm_input(const crypto::Secret& text,
                                            const crypto::Secret& passphrase) {
  const auto invitation = mesh::Invitation::parse(trim_lines(as_text(text.reveal())));
  if (!invitation) return invitation.error();
  return mesh::SwarmSecret::from_passphrase(passphrase, *invitation);
}

}  // namespace ghmesh::node
