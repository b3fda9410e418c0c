// SPDX-License-Identifier: Apache-2.0 OR MIT
// Another process of a test: this binary, started again to run one test of its own, which obeys commands on its
// standard input and answers on descriptor 3. Commands are lines; so are answers.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/check.h"

namespace ghmesh::sim {

inline constexpr int kAnswerFd = 3;

class OtherProcess {
 public:
  OtherProcess() {
    int commands[2], answers[2];
    GHMESH_CHECK(::pipe2(commands, O_CLOEXEC) == 0 && ::pipe2(answers, O_CLOEXEC) == 0);
    pid_ = ::fork();
    GHMESH_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      // Above the numbers it is to be known by, or a copy onto itself would keep its close-on-exec mark.
      const int answer = ::fcntl(answers[1], F_DUPFD, 10);
      ::dup2(commands[0], STDIN_FILENO);
      ::dup2(answer, kAnswerFd);
      ::close(answer);
      const int null = ::open("/dev/null", O_WRONLY);
      ::dup2(null, STDOUT_FILENO);
      ::execl("/proc/self/exe", "other_process", "--gtest_filter=OtherProcess.DISABLED_Obeys",
              "--gtest_also_run_disabled_tests", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(commands[0]);
    ::close(answers[1]);
    commands_ = commands[1];
    answers_ = answers[0];
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  ~OtherProcess() {
    ::close(commands_);  // it ends by itself
    ::close(answers_);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  void tell(const std::string& command) {
    const std::string line = command + "\n";
    GHMESH_CHECK(::write(commands_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }
  std::string read() {
    std::string line;
    char c = 0;
    while (::read(answers_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }
  std::string ask(const std::string& command) {
    tell(command);
    return read();
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int commands_ = -1;
  int answers_ = -1;
};

inline void answer_parent(const std::string& text) {
  const std::string line = text + "\n";
  GHMESH_CHECK(::write(kAnswerFd, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
}

}  // namespace ghmesh::sim
