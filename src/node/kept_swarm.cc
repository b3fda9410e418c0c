// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/kept_swarm.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "crypto/secret_file.h"
#include "node/config.h"
#include "node/secret_input.h"

namespace ghmesh::node {
namespace {

// Two secrets and a date have less than 200 bytes.
constexpr std::size_t kKeptSwarmBytesMax = 1024;

crypto::Secret joined(std::initializer_list<ByteView> parts) {
  std::size_t bytes_count = 0;
  for (ByteView part : parts) bytes_count += part.size();
  return crypto::Secret::filled(bytes_count, [&](MutableByteView out) {
    for (ByteView part : parts) {
      std::ranges::copy(part, out.begin());
      out = out.subspan(part.size());
    }
  });
}

mesh::SwarmSecret parse_kept(std::string_view text, const std::string& file) {
  auto secret = mesh::SwarmSecret::parse_kept(crypto::Secret(text));
  if (!secret) throw ConfigError(file + " is damaged: " + secret.error().message());
  return *std::move(secret);
}

// "SECONDS ghs1-..."
mesh::Keyring::Previous parse_previous(std::string_view line, const std::string& file) {
  const auto until = parse_decimal(take_until(line, ' '));
  if (!until || *until > static_cast<std::uint64_t>(to_seconds(WallTime::max())))
    throw ConfigError(file + " is damaged: the second line says no time");
  return {.secret = parse_kept(line, file), .until = wall_time(static_cast<std::int64_t>(*until))};
}

bool is_readable(const mesh::Keyring::Previous& previous, WallTime now) {
  return now < previous.until;
}

}  // namespace

std::string kept_swarm_file(const std::string& state_dir) { return state_dir + "/swarm.secret"; }

std::optional<KeptSwarm> load_kept_swarm(const std::string& state_dir, WallTime now) {
  const std::string file = kept_swarm_file(state_dir);
  if (::access(file.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
    return std::nullopt;
  const crypto::Secret content = read_secret_file(file, kKeptSwarmBytesMax, Privacy::ours_alone);
  std::string_view rest = as_text(content.reveal());
  KeptSwarm swarm{.newest = parse_kept(take_until(rest, '\n'), file), .previous = std::nullopt};
  constexpr std::string_view kPrevious = "previous ";
  const std::string_view line = take_until(rest, '\n');
  if (!trim(rest).empty() || (!line.empty() && !line.starts_with(kPrevious)))
    throw ConfigError(file + " is damaged: it has lines that nobody knows");
  if (line.empty()) return swarm;
  auto previous = parse_previous(line.substr(kPrevious.size()), file);
  if (is_readable(previous, now)) swarm.previous = std::move(previous);
  return swarm;
}

void keep_swarm(const std::string& state_dir, const KeptSwarm& swarm) {
  std::error_code error;
  const mode_t old_mask = ::umask(077);
  std::filesystem::create_directories(state_dir, error);
  ::umask(old_mask);
  if (error) throw ConfigError("cannot make " + state_dir + ": " + error.message());
  const ByteView line_end = as_bytes("\n");
  crypto::Secret content = joined({swarm.newest.kept_text().reveal(), line_end});
  if (swarm.previous) {
    const std::string prefix =
        "previous " + std::to_string(to_seconds(swarm.previous->until)) + " ";
    content = joined({content.reveal(), as_bytes(prefix),
                      swarm.previous->secret.kept_text().reveal(), line_end});
  }
  const std::string file = kept_swarm_file(state_dir);
  if (!crypto::replace_secret_file(file, content)) throw ConfigError("cannot write " + file);
}

bool forget_kept_swarm(const std::string& state_dir) {
  const std::string file = kept_swarm_file(state_dir);
  if (::unlink(file.c_str()) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw ConfigError("cannot delete " + file + ": " + std::generic_category().message(errno));
}

KeptSwarm rotated(const KeptSwarm& swarm, const mesh::SwarmSecret& next, WallTime now) {
  if (next == swarm.newest) return swarm;
  return {.newest = next,
          .previous = mesh::Keyring::Previous{.secret = swarm.newest,
                                              .until = now + mesh::kRotationOverlap}};
}

}  // namespace ghmesh::node
