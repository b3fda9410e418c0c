// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any client, in pieces of its own choice: the server counts and sends exactly what was asked for, or refuses; and any
// server: the client accepts exactly what it asked for. The first byte of the input says how the rest is cut.
#include <cstdint>

#include "base/check.h"
#include "libp2p/perf/client.h"
#include "libp2p/perf/server.h"

using namespace ghmesh;
using namespace ghmesh::perf;

namespace {

constexpr Instant kStart = Instant(1h);
constexpr std::uint64_t kDownloadBytesMax = 300'000;

template <class Machine>
bool feed(Machine& machine, ByteView input, std::size_t piece_bytes) {
  while (!input.empty()) {
    const ByteView piece = input.first(std::min(piece_bytes, input.size()));
    auto taken = machine.receive(piece, kStart);
    if (!taken) return false;
    GHMESH_CHECK(*taken == piece.size());
    input = input.subspan(piece.size());
  }
  return bool(machine.peer_finished(kStart));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteView input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);

  Server server({.upload_bytes_max = 100, .download_bytes_max = kDownloadBytesMax}, kStart);
  if (feed(server, input, std::size_t{data[0]} + 1)) {
    GHMESH_CHECK(server.uploaded_bytes() == input.size() - kRequestBytes);
    std::uint64_t sent = 0;
    while (!server.is_done()) {
      const std::size_t part = server.pending_output().size() / 2 + 1;
      server.output_sent(part, kStart);
      sent += part;
    }
    GHMESH_CHECK(sent == load_big_endian<std::uint64_t>(input) && sent <= kDownloadBytesMax);
  } else {
    GHMESH_CHECK(input.size() < kRequestBytes || input.size() > kRequestBytes + 100 ||
                 load_big_endian<std::uint64_t>(input) > kDownloadBytesMax);
  }

  Client client({.download_bytes = 20}, kStart);
  client.output_sent(kRequestBytes, kStart);
  GHMESH_CHECK(feed(client, input, std::size_t{data[0]} + 1) == (input.size() == 20));
  return 0;
}
