// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/fork_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ghmesh {
namespace {

TEST(ForkGuard, AChildHasWhatIsNotOursAndNothingThatIs) {
  close_ours_in_children();
  const int ours = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int not_ours = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int given_back = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  mark_ours(ours);
  mark_ours(given_back);
  unmark_ours(given_back);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_right = ::fcntl(ours, F_GETFD) == -1 && ::fcntl(not_ours, F_GETFD) != -1 &&
                          ::fcntl(given_back, F_GETFD) != -1;
    ::_exit(is_right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(::fcntl(ours, F_GETFD), -1);
  unmark_ours(ours);
  for (const int descriptor : {ours, not_ours, given_back}) ::close(descriptor);
}

TEST(ForkGuard, WhatIsOutOfItsRangeIsLeftAlone) {
  mark_ours(-1);
  mark_ours(kMarkedDescriptorsMax);
  unmark_ours(-1);
  unmark_ours(kMarkedDescriptorsMax);
}

}  // namespace
}  // namespace ghmesh
