// SPDX-License-Identifier: Apache-2.0 OR MIT
// The probe: whether a data file can be opened without harm.
//
// LMDB maps its file and believes every page number in it; a damaged one can end the process that follows it. So a
// child process walks all of it first. The child is a fork that never returns: it opens the file without locks and
// read-only, walks every table and the list of free pages, and leaves by _exit. That is safe inside a program with
// threads, because the child takes nothing from its parent but the path: no lock of ours, no logger, and of the C
// library only malloc, which glibc keeps usable across fork. If it hangs, an alarm ends it, and a file that cannot be
// walked in time counts as damaged.
#pragma once

#include <filesystem>

namespace ghmesh::cache {

// Nobody may have the file open.
bool is_intact(const std::filesystem::path& directory);

}  // namespace ghmesh::cache
