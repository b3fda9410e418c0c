// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/descriptor.h"

namespace ghmesh::net {
namespace {

class ListenerTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/ghmesh-listener-XXXXXX";
    directory_ = ::mkdtemp(pattern);
    path_ = directory_ + "/door.sock";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static unsigned mode_of(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }
  static bool connects(const std::string& path) {
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  std::string directory_, path_;
};

TEST_F(ListenerTest, CreatesItsDirectoriesForTheOwnerOnly) {
  const std::string deep = directory_ + "/one/two/door.sock";
  auto listener = Listener::unix_socket(deep);
  ASSERT_TRUE(listener) << listener.error().message();
  EXPECT_EQ(mode_of(directory_ + "/one"), 0700u);
  EXPECT_EQ(mode_of(directory_ + "/one/two"), 0700u);
  EXPECT_EQ(mode_of(deep), 0600u);
  EXPECT_EQ(listener->address(), "unix:" + deep);
  EXPECT_FALSE(listener->is_tcp());
  EXPECT_TRUE(connects(deep));
}

TEST_F(ListenerTest, GivesTheSocketItsModeUnderAnyUmask) {
  for (const unsigned mask : {0000u, 0022u, 0077u, 0777u}) {
    const mode_t before = ::umask(mask);
    auto listener = Listener::unix_socket(path_);
    ::umask(before);
    ASSERT_TRUE(listener) << listener.error().message();
    EXPECT_EQ(mode_of(path_), 0600u) << mask;
  }
}

TEST_F(ListenerTest, RemovesItsFileWhenItIsDropped) {
  { ASSERT_TRUE(Listener::unix_socket(path_)); }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ListenerTest, ReclaimsAStaleSocketAndRefusesALiveOne) {
  {
    const Descriptor stale(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path_));
  auto first = Listener::unix_socket(path_);
  ASSERT_TRUE(first) << first.error().message();
  auto second = Listener::unix_socket(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), boost::system::errc::address_in_use);
  EXPECT_TRUE(connects(path_));
}

TEST_F(ListenerTest, RefusesADirectoryThatOthersMayWriteTo) {
  for (const mode_t mode : {0770, 0707, 01777}) {
    ::chmod(directory_.c_str(), mode);
    auto listener = Listener::unix_socket(path_);
    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error(), Errc::store_unsafe);
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(ListenerTest, RefusesADirectoryOfAnotherOwner) {
  // Root can give a directory away; everybody else finds one that is not theirs.
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::chown(directory_.c_str(), 65534, 65534), 0);
  }
  auto listener = Listener::unix_socket(is_root ? path_ : "/usr/door.sock");
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error(), Errc::store_unsafe);
}

TEST_F(ListenerTest, RefusesLinksAndThingsThatAreNoSockets) {
  std::filesystem::create_directory(directory_ + "/real");
  std::filesystem::permissions(directory_ + "/real", std::filesystem::perms::owner_all);
  std::filesystem::create_symlink("real", directory_ + "/link");
  std::filesystem::create_symlink("elsewhere.sock", path_);
  std::ofstream(directory_ + "/file") << "precious";
  ASSERT_EQ(::mkfifo((directory_ + "/fifo").c_str(), 0600), 0);
  for (const std::string name : {"/link/door.sock", "/door.sock", "/file", "/fifo"}) {
    auto listener = Listener::unix_socket(directory_ + name);
    ASSERT_FALSE(listener) << name;
    EXPECT_EQ(listener.error(), Errc::store_unsafe) << name;
  }
  EXPECT_EQ(std::filesystem::file_size(directory_ + "/file"), 8u);
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/elsewhere.sock"));
}

TEST_F(ListenerTest, RefusesAPathThatIsTooLongForASocket) {
  auto listener = Listener::unix_socket(directory_ + "/" + std::string(120, 'x'));
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error(), boost::system::errc::filename_too_long);
}

TEST_F(ListenerTest, ListensOnTcpAndTellsThePort) {
  auto listener = Listener::tcp("127.0.0.1:0");
  ASSERT_TRUE(listener) << listener.error().message();
  EXPECT_TRUE(listener->is_tcp());
  EXPECT_TRUE(listener->address().starts_with("127.0.0.1:"));
  EXPECT_FALSE(listener->address().ends_with(":0"));
  auto again = Listener::tcp(listener->address());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), boost::system::errc::address_in_use);
  EXPECT_NE(::fcntl(listener->descriptor(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(listener->descriptor(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(ListenerTest, RefusesAddressesThatAreNone) {
  for (const char* address : {"", ":", "8418", "127.0.0.1", "127.0.0.1:", ":8418", "127.0.0.1:x",
                              "127.0.0.1:70000", "[::1:80"}) {
    EXPECT_FALSE(Listener::tcp(address)) << address;
  }
}

// In a child, because it is about descriptor 3 and the process id.
TEST_F(ListenerTest, TakesTheSocketsOfSystemdAndForgetsTheVariables) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::_exit(10);
    if (::listen(socket, 1) != 0) ::_exit(11);
    if (socket != 3) {
      if (::dup2(socket, 3) != 3) ::_exit(12);
      ::close(socket);
    }
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", "1", 1);
    if (!Listener::from_systemd().empty()) ::_exit(13);  // meant for another process
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    {
      const auto listeners = Listener::from_systemd();
      if (listeners.size() != 1 || listeners[0].descriptor() != 3 || listeners[0].is_tcp())
        ::_exit(14);
      if (listeners[0].address() != "unix:" + path_) ::_exit(15);
      if (::getenv("LISTEN_FDS") != nullptr || ::getenv("LISTEN_PID") != nullptr) ::_exit(16);
      if ((::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0) ::_exit(17);
    }
    if (!std::filesystem::exists(path_)) ::_exit(18);  // systemd's file stays
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace ghmesh::net
