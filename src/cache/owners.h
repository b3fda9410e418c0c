// SPDX-License-Identifier: Apache-2.0 OR MIT
// Owners: who uses the store, and whether the last one left it in order.
//
// A small file that every process of the store holds a shared lock on. Whoever finds nobody else there is alone, and
// may check the store before it is opened; the last one to leave notes the data file's size and time. A note that does
// not fit (killed, power lost, the file touched by somebody else) means that the next one checks the store before it
// trusts it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/result.h"

namespace ghmesh::cache {

class Owners {
 public:
  // Waits, briefly, while somebody checks the store. `check` is called when we are alone and the last owner did not
  // leave it in order; nobody else has the data file open then. Errors: store_failed; store_unsafe when the others live
  // in another PID namespace: LMDB tells the living from the dead by their process ids, so such processes would take
  // each other for dead.
  static Result<std::unique_ptr<Owners>> attach(const std::filesystem::path& directory,
                                                const std::function<void()>& check);
  // Leaves the note, if we are the last. The data file must be closed by then.
  ~Owners();
  Owners(const Owners&) = delete;
  Owners& operator=(const Owners&) = delete;

 private:
  Owners(int fd, std::filesystem::path data_file) : fd_(fd), data_file_(std::move(data_file)) {}

  int fd_;
  std::filesystem::path data_file_;
};

}  // namespace ghmesh::cache
