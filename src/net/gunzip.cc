// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/gunzip.h"

#define ZLIB_CONST  // next_in points to const bytes
#include <zlib.h>

#include <algorithm>

#include "base/check.h"

namespace ghmesh::net {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // the largest window; + 16: a gzip header is required
// Inflated at a time; the most that is wasted past a limit.
constexpr std::size_t kStepBytes = 64 * 1024;

// zlib's bytes are unsigned; text is not.
const Bytef* bytes_of(const char* text) {
  return static_cast<const Bytef*>(static_cast<const void*>(text));
}
Bytef* bytes_of(char* text) { return static_cast<Bytef*>(static_cast<void*>(text)); }

}  // namespace

struct Gunzip::State {
  z_stream stream{};
  bool is_whole = true;
  bool needs_room = false;
};

Gunzip::Gunzip() : state_(std::make_unique<State>()) {
  GHMESH_CHECK(inflateInit2(&state_->stream, kGzipWindowBits) == Z_OK);
}

Gunzip::~Gunzip() { inflateEnd(&state_->stream); }

bool Gunzip::is_whole() const { return state_->is_whole; }
bool Gunzip::needs_room() const { return state_->needs_room; }

Result<void> Gunzip::decode(std::string_view& input, std::string& output,
                            std::size_t output_bytes_max) {
  z_stream& stream = state_->stream;
  while ((!input.empty() || state_->needs_room) && output.size() < output_bytes_max) {
    const std::size_t before = output.size();
    const std::size_t room = std::min(output_bytes_max - before, kStepBytes);
    const std::size_t offered = std::min(input.size(), kStepBytes);
    output.resize(before + room);
    stream.next_in = bytes_of(input.data());
    stream.avail_in = static_cast<uInt>(offered);
    stream.next_out = bytes_of(output.data() + before);
    stream.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream, Z_NO_FLUSH);
    const std::size_t taken = offered - stream.avail_in;
    output.resize(before + room - stream.avail_out);
    input.remove_prefix(taken);
    // Z_BUF_ERROR: it had room, but nothing was left inside. It says nothing about the stream.
    if (code == Z_BUF_ERROR && taken == 0 && state_->needs_room) {
      state_->needs_room = false;
      continue;
    }
    if (code != Z_OK && code != Z_STREAM_END) return Errc::malformed;
    state_->is_whole = code == Z_STREAM_END;
    state_->needs_room = code == Z_OK && stream.avail_out == 0;
    // RFC 1952, 2.2: another member may follow.
    if (code == Z_STREAM_END && inflateReset(&stream) != Z_OK) return Errc::malformed;
  }
  return {};
}

Result<std::string> gunzip(std::string_view input, std::size_t output_bytes_max) {
  Gunzip decoder;
  std::string output;
  // One more than allowed, so that "exactly full" and "too large" differ.
  auto decoded = decoder.decode(input, output, output_bytes_max + 1);
  if (!decoded) return decoded.error();
  if (output.size() > output_bytes_max) return Errc::too_large;
  if (!decoder.is_whole()) return Errc::truncated;
  return output;
}

}  // namespace ghmesh::net
