// SPDX-License-Identifier: Apache-2.0 OR MIT
// Programs that a test starts beside itself (openssl, python3, nghttpd), and a directory that goes with the test.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace ghmesh::net::test {

// Ended when it is dropped. Its output is read through a pipe.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    if (::posix_spawnp(&process_, pointers[0], &actions, nullptr, pointers.data(), environ) != 0)
      process_ = -1;
    EXPECT_GT(process_, 0) << arguments[0] << " cannot be started";
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (process_ > 0) ::kill(process_, SIGKILL);
    wait();
    ::close(output_);
  }

  // Up to the next line feed; what came before the end of the output otherwise.
  std::string read_line() {
    std::string line;
    char c = 0;
    while (::read(output_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }
  // The exit status; -1 when a signal ended it.
  int wait() {
    if (process_ <= 0) return status_;
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return status_;
  }

 private:
  pid_t process_ = -1;
  int output_ = -1;
  int status_ = -1;
};

class Directory {
 public:
  Directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "ghmesh-test-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(std::string_view name) const { return path_ / name; }
  void write(std::string_view name, std::string_view text) const {
    std::ofstream(file(name), std::ios::binary) << text;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace ghmesh::net::test
