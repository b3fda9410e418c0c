// SPDX-License-Identifier: Apache-2.0 OR MIT
// Runs a fuzz target over the files of its corpus, without libFuzzer: so every check replays what fuzzing has found.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  int inputs_count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!file.is_regular_file()) continue;
      std::ifstream stream(file.path(), std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++inputs_count;
    }
  }
  std::printf("%d inputs replayed\n", inputs_count);
  return inputs_count > 0 ? 0 : 1;  // an empty corpus is a test that cannot fail
}
