// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/mesh/mesh_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace ghmesh::node {
namespace {

namespace fs = std::filesystem;
using multiformats::PeerId;

class MeshFilesTest : public ::testing::Test {
 protected:
  MeshFilesTest() {
    std::string name = (fs::temp_directory_path() / "mesh_files_XXXXXX").string();
    folder = mkdtemp(name.data());
    fs::create_directory(folder / "shared");
  }
  ~MeshFilesTest() override { fs::remove_all(folder); }

  MeshFiles files(const std::string& list = "", const std::string& directory = "") const {
    return {folder, list.empty() ? list : (folder / list).string(),
            directory.empty() ? directory : (folder / directory).string()};
  }
  static mesh::ListedPeer peer(std::string_view address) {
    return {.id = keys::PrivateKey::generate().peer_id(),
            .addresses = {multiformats::Multiaddr::parse_text(address).value()},
            .seen_at = kNow};
  }
  std::string text_of(const std::string& name) const {
    std::ifstream file(folder / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static constexpr WallTime kNow = wall_time(1'790'000'000);
  fs::path folder;
  const mesh::SwarmSecret secret = mesh::SwarmSecret::generate();
  const mesh::Keyring keyring{secret, kNow};
  const mesh::Keyring other{mesh::SwarmSecret::generate(), kNow};
};

TEST_F(MeshFilesTest, KeepTheKeyOfANode) {
  const PeerId first = files().load_key().peer_id();
  EXPECT_EQ(files().load_key().peer_id(), first);
  struct stat status {};
  ASSERT_EQ(stat((folder / "p2p.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(MeshFilesTest, KeepTheLedgerAndSetADamagedOneAside) {
  EXPECT_FALSE(files().load_ledger());
  files().save_ledger(as_bytes("what was heard"));
  EXPECT_EQ(as_text(*files().load_ledger()), "what was heard");
  files().set_ledger_aside();
  EXPECT_FALSE(files().load_ledger());
  EXPECT_EQ(text_of("mesh-ledger.damaged"), "what was heard");
}

TEST_F(MeshFilesTest, AreNotHeldUpByWhatIsNoFile) {
  ASSERT_EQ(mkfifo((folder / "mesh-ledger").c_str(), 0600), 0);
  fs::create_directory(folder / "mesh-peers");
  EXPECT_FALSE(files().load_ledger());
  EXPECT_TRUE(files().load_peers(keyring).empty());
}

TEST_F(MeshFilesTest, CarryPeersToANodeThatHasTheSecret) {
  const auto met = peer("/ip4/192.0.2.7/tcp/4001");
  files("list").save_peers({.written_at = kNow, .peers = {met}}, keyring);
  EXPECT_EQ(files().load_peers(keyring), std::vector{met});
  EXPECT_EQ(files("list").load_peers(keyring).size(), 2u);  // from both files
  EXPECT_TRUE(files("list").load_peers(other).empty());
  EXPECT_EQ(text_of("list").find("192.0.2.7"), std::string::npos);
}

TEST_F(MeshFilesTest, ReadAListThatTheSecretBeforeTheLastRotationSealed) {
  const auto met = peer("/ip4/192.0.2.7/tcp/4001");
  files().save_peers({.written_at = kNow, .peers = {met}}, keyring);
  mesh::Keyring rotated{secret, kNow};
  rotated.rotate(mesh::SwarmSecret::generate(), kNow);
  EXPECT_EQ(files().load_peers(rotated), std::vector{met});
}

TEST_F(MeshFilesTest, MeetInASharedDirectory) {
  const auto one = peer("/ip4/192.0.2.1/tcp/4001");
  const auto two = peer("/ip4/192.0.2.2/tcp/4001");
  files("", "shared").write_directory(one, keyring, kNow);
  files("", "shared").write_directory(two, keyring, kNow - kDirectoryAgeMax - Seconds(1));
  files("", "shared").write_directory(peer("/ip4/192.0.2.3/tcp/4001"), other, kNow);
  std::ofstream(folder / "shared" / "readme") << "nothing of ours";
  EXPECT_EQ(files("", "shared").read_directory(keyring, kNow), std::vector{one});
  EXPECT_TRUE(files("", "gone").read_directory(keyring, kNow).empty());
}

}  // namespace
}  // namespace ghmesh::node
