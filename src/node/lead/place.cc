// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/lead/place.h"

#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "base/text.h"
#include "crypto/hash.h"

namespace ghmesh::node {
namespace {

namespace fs = std::filesystem;

// 64 bits: of the directories that one user has, and no secret.
constexpr std::size_t kNameBytes = 8;

std::string real_path(const std::string& path) {
  if (path.empty()) return {};
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? fs::absolute(path).lexically_normal().string() : real.string();
}

}  // namespace

LeadPlace lead_place_of(const std::string& state_dir, const std::string& cache_dir) {
  const std::string state = real_path(state_dir);
  const std::string both = state + '\n' + real_path(cache_dir);
  const crypto::Digest digest = crypto::sha256(as_bytes(both));
  const std::string name = hex(ByteView(digest).first(kNameBytes));
  LeadPlace place{.lock = state + "/lead-" + name + ".lock",
                  .socket = state + "/lead-" + name + ".sock",
                  .mesh_state = state + "/mesh-" + name};
  if (place.socket.size() >= sizeof(sockaddr_un::sun_path))
    place.socket = "/tmp/ghmesh-" + std::to_string(::geteuid()) + "/lead-" + name + ".sock";
  return place;
}

}  // namespace ghmesh::node
