// SPDX-License-Identifier: Apache-2.0 OR MIT
// Whole directories of the predecessor's; one file of them is library/legacy_entry.h.
#include "ghmesh/legacy.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "api/cache_impl.h"
#include "library/legacy_entry.h"
#include "library/validation.h"

namespace ghmesh {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_file(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(path, error)) ||
      fs::file_size(path, error) > kLegacyFileBytesMax || error)
    return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (!file || text.size() > kLegacyFileBytesMax) return std::nullopt;
  return text;
}

bool write_file(const fs::path& path, const std::string& text) {
  const std::string temporary = path.string() + ".part-" + std::to_string(::getpid());
  const int fd =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(fd, text.data() + written, text.size() - written);
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  const bool is_whole = ::close(fd) == 0 && written == text.size();
  if (is_whole && ::rename(temporary.c_str(), path.c_str()) == 0) return true;
  ::unlink(temporary.c_str());
  return false;
}

void import_one(library::LocalCache& local, const fs::path& path, LegacyReport& report) {
  ++report.files_count;
  const auto text = read_file(path);
  auto entry =
      text ? library::parse_legacy_entry(*text) : Result<library::LegacyEntry>(Errc::malformed);
  const auto key = entry ? library::legacy_key(*entry, path.stem().string()) : std::nullopt;
  if (!key) {
    ++report.skipped_count;
    return;
  }
  const std::string cid =
      entry->validation_fields.empty() ? "" : library::cid_of_canonical(entry->validation_fields);
  const bool is_taken = local.import({.name = key->text(),
                                      .data = entry->data,
                                      .validation_fields = entry->validation_fields,
                                      .validation_cid = cid,
                                      .written_at = entry->written_at,
                                      .ttl = entry->ttl});
  ++(is_taken ? report.moved_count : report.older_count);
}

}  // namespace

LegacyReport import_legacy(Cache& cache, const std::string& directory, std::error_code& failure) {
  LegacyReport report;
  Cache::Impl& impl = *cache.impl();
  const Cache::Impl::Use use(impl);
  if (!use) return failure = Failure::closed, report;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".json") continue;
    if (report.files_count == kLegacyFilesMax) return failure = Failure::too_large, report;
    import_one(*impl.local, at->path(), report);
  }
  failure = error;
  return report;
}

LegacyReport export_legacy(const Cache& cache, const std::string& directory,
                           std::error_code& failure) {
  LegacyReport report;
  failure.clear();
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return failure = error, report;
  std::map<std::string, SystemTime> newest;  // by file name
  cache.for_each([&](const Key& key, const Value& value) {
    ++report.files_count;
    const std::string name = library::legacy_stem(key.joined()) + ".json";
    if (name.size() > 255 || name.find('\0') != std::string::npos) {
      ++report.skipped_count;
      return true;
    }
    const auto [at, is_new] = newest.try_emplace(name, value.written_at());
    if (!is_new && at->second >= value.written_at()) {
      ++report.older_count;
      return true;
    }
    at->second = value.written_at();
    if (!write_file(fs::path(directory) / name, library::write_legacy_entry(key, value))) {
      failure = Failure::store_failed;
      return false;
    }
    if (is_new) ++report.moved_count;
    else ++report.older_count;
    return true;
  });
  return report;
}

}  // namespace ghmesh
