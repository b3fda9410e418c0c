// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/mesh/mesh_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "base/log.h"
#include "libp2p/keys/key_file.h"

namespace ghmesh::node {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  const int number_;
};

// nullopt: there is none, or it is not a plain file of at most so many bytes.
std::optional<Bytes> read_file(const fs::path& path, std::size_t bytes_max) {
  // A FIFO or a device in its place must not hold us up.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file.is_open() || fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) > bytes_max)
    return std::nullopt;
  Bytes bytes(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = read(file.number(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

bool write_all(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

// Another name first, then the right one: whoever reads sees the old file or the new one.
void replace_file(const fs::path& path, ByteView bytes) {
  const fs::path draft = path.string() + ".new." + std::to_string(getpid());
  bool is_written = false;
  {
    const Descriptor file(open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                               S_IRUSR | S_IWUSR));
    is_written = file.is_open() && write_all(file.number(), bytes);
  }
  if (is_written && rename(draft.c_str(), path.c_str()) == 0) return;
  const Error reason(errno, boost::system::system_category());
  unlink(draft.c_str());
  log::warn("mesh_file_not_written", {{"file", path.string()}, {"error", reason}});
}

std::vector<mesh::ListedPeer> open_list(const fs::path& path, const mesh::Keyring& keyring,
                                        WallTime* written_at = nullptr) {
  const auto bytes = read_file(path, mesh::kPeerListBytesMax);
  if (!bytes) return {};
  auto list = mesh::open_peer_list(*bytes, keyring.newest().peer_list_key());
  if (!list && keyring.previous())
    list = mesh::open_peer_list(*bytes, keyring.previous()->peer_list_key());
  if (!list) {
    // In a shared directory there may be other swarms too.
    const auto level = written_at ? log::Level::debug : log::Level::warn;
    log::write(level, "mesh_peer_list_refused", {{"file", path.string()}, {"error", list.error()}});
    return {};
  }
  if (written_at) *written_at = list->written_at;
  return std::move(list->peers);
}

constexpr std::string_view kDirectorySuffix = ".ghmesh-peer";

}  // namespace

MeshFiles::MeshFiles(fs::path state_dir, std::string peer_list_file, std::string peer_directory)
    : state_dir_(std::move(state_dir)),
      peer_list_file_(std::move(peer_list_file)),
      directory_(std::move(peer_directory)) {}

keys::PrivateKey MeshFiles::load_key() const {
  const fs::path path = state_dir_ / "p2p.key";
  auto key = keys::load_or_create_key(path);
  if (!key) throw std::runtime_error("cannot use " + path.string() + ": " + key.error().message());
  return *std::move(key);
}

std::optional<Bytes> MeshFiles::load_ledger() const {
  return read_file(state_dir_ / "mesh-ledger", kLedgerFileBytesMax);
}

void MeshFiles::set_ledger_aside() const {
  const fs::path path = state_dir_ / "mesh-ledger";
  std::error_code ignored;
  fs::rename(path, path.string() + ".damaged", ignored);
}

void MeshFiles::save_ledger(ByteView bytes) const {
  replace_file(state_dir_ / "mesh-ledger", bytes);
}

std::vector<mesh::ListedPeer> MeshFiles::load_peers(const mesh::Keyring& keyring) const {
  auto peers = open_list(state_dir_ / "mesh-peers", keyring);
  if (!peer_list_file_.empty())
    for (mesh::ListedPeer& peer : open_list(peer_list_file_, keyring))
      peers.push_back(std::move(peer));
  return peers;
}

void MeshFiles::save_peers(const mesh::PeerList& list, const mesh::Keyring& keyring) const {
  auto sealed = mesh::seal_peer_list(list, keyring.newest().peer_list_key());
  if (!sealed) return;
  replace_file(state_dir_ / "mesh-peers", *sealed);
  if (!peer_list_file_.empty()) replace_file(peer_list_file_, *sealed);
}

std::vector<mesh::ListedPeer> MeshFiles::read_directory(const mesh::Keyring& keyring,
                                                        WallTime now) const {
  std::vector<mesh::ListedPeer> peers;
  std::error_code error;
  std::size_t files_count = 0;
  for (fs::directory_iterator each(directory_, error), end; !error && each != end;
       each.increment(error)) {
    if (!each->path().native().ends_with(kDirectorySuffix)) continue;
    if (++files_count > kDirectoryFilesMax) break;
    WallTime written_at{};
    auto listed = open_list(each->path(), keyring, &written_at);
    if (listed.empty() || written_at < now - kDirectoryAgeMax) continue;
    peers.push_back(std::move(listed.front()));
  }
  if (error) log::warn("mesh_peer_directory_unreadable", {{"directory", directory_.string()}});
  return peers;
}

void MeshFiles::write_directory(const mesh::ListedPeer& self, const mesh::Keyring& keyring,
                                WallTime now) const {
  auto sealed =
      mesh::seal_peer_list({.written_at = now, .peers = {self}}, keyring.newest().peer_list_key());
  if (sealed) replace_file(directory_ / (self.id.text() + std::string(kDirectorySuffix)), *sealed);
}

}  // namespace ghmesh::node
