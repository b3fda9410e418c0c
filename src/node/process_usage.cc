// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"

namespace ghmesh::node {
namespace {

std::string read_text(const char* path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// The fields of /proc/self/stat from the third on; the second, a name in parentheses, may hold anything.
std::vector<std::string> stat_fields() {
  const std::string text = read_text("/proc/self/stat");
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  return {std::istream_iterator<std::string>(rest), std::istream_iterator<std::string>()};
}

std::uint64_t field(const std::vector<std::string>& fields, std::size_t number) {
  // proc(5) counts from 1, and we dropped two.
  return number - 3 < fields.size() ? parse_decimal(fields[number - 3]).value_or(0) : 0;
}

double boot_time() {
  std::istringstream lines(read_text("/proc/stat"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("btime "))
      return static_cast<double>(parse_decimal(line.substr(6)).value_or(0));
  return 0;
}

}  // namespace

ProcessUsage read_process_usage() {
  ProcessUsage usage;
  rusage spent{};
  if (getrusage(RUSAGE_SELF, &spent) == 0)
    usage.cpu_seconds = seconds_of(spent.ru_utime) + seconds_of(spent.ru_stime);
  const auto fields = stat_fields();
  usage.threads_count = field(fields, 20);
  usage.virtual_bytes = field(fields, 23);
  usage.resident_bytes = field(fields, 24) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  usage.started_at = boot_time() + static_cast<double>(field(fields, 22)) /
                                       static_cast<double>(sysconf(_SC_CLK_TCK));
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != end(entry); entry.increment(error))
    ++usage.descriptors_count;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.descriptors_count_max = limit.rlim_cur;
  return usage;
}

}  // namespace ghmesh::node
