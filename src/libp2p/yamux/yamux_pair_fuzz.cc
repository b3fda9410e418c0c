// SPDX-License-Identifier: Apache-2.0 OR MIT
// Two honest sessions and a wire that cuts what it carries wherever the input wants. Whatever the two do to their
// streams, neither finds fault with the other, what is read is what was written, and in the end all of it has arrived.
//
// Each step is two bytes: who does what, and how much.
#include <cstdint>
#include <map>
#include <string>

#include "base/check.h"
#include "libp2p/yamux/session.h"

using namespace ghmesh;
using namespace ghmesh::yamux;

namespace {

constexpr Options kOptions{.inbound_streams_max = 4, .receive_bytes_max = 512 * 1024};

struct Side {
  explicit Side(Role role) : session(role, kOptions, Instant(1h)) {}

  // The stream that the input names, among those that this side knows; 0 when it knows none.
  StreamId pick(std::size_t number) const {
    if (read.empty()) return 0;
    return std::next(read.begin(), static_cast<std::ptrdiff_t>(number % read.size()))->first;
  }

  Session session;
  std::map<StreamId, std::string> written, read;
  std::map<StreamId, bool> is_reset;  // by either side: what was on its way is lost
};

void take_events(Side& side) {
  while (auto event = side.session.next_event()) {
    if (event->kind == Event::Kind::opened) side.read[event->stream];
    if (event->kind == Event::Kind::reset) side.is_reset[event->stream] = true;
  }
}

void consume(Side& side, const Side& other, StreamId id, std::size_t bytes_count, Instant now) {
  const ByteView bytes = side.session.readable(id);
  const ByteView part = bytes.first(std::min(bytes.size(), bytes_count));
  std::string& read = side.read[id];
  read += as_text(part);
  side.session.consume(id, part.size(), now);
  const auto written = other.written.find(id);
  GHMESH_CHECK(read.empty() || written->second.starts_with(read));
}

std::size_t carry(Side& from, Side& to, std::size_t bytes_max, Instant now) {
  if (!to.session.wants_input()) return 0;
  const ByteView output = from.session.pending_output();
  const Bytes piece = copy_bytes(output.first(std::min(output.size(), bytes_max)));
  GHMESH_CHECK(to.session.receive(piece, now).has_value());
  from.session.output_sent(piece.size(), now);
  take_events(from);
  take_events(to);
  return piece.size();
}

void take_step(Side& side, Side& other, unsigned action, std::size_t amount, Instant now) {
  const StreamId id = side.pick(amount);
  switch (action % 8) {
    case 0:
      if (auto opened = side.session.open_stream()) side.read[*opened];
      break;
    case 1: {
      const std::string text(amount * amount + 1, static_cast<char>('a' + action % 26));
      auto taken = side.session.write(id, as_bytes(text), now);
      if (taken) side.written[id] += text.substr(0, *taken);
      break;
    }
    case 2: side.session.finish(id); break;
    case 3:
      if (amount < 200) break;  // rarely, or nothing else is ever seen
      side.session.reset(id);
      side.is_reset[id] = true;
      break;
    case 4: consume(side, other, id, amount * amount + 1, now); break;
    case 5: side.session.ping(now); break;
    default: carry(side, other, amount * amount + 1, now); break;
  }
}

// Everything that was written and not given up arrives.
void end(Side& a, Side& b, Instant now) {
  std::size_t moved = 1;
  while (moved > 0) {
    moved = carry(a, b, SIZE_MAX, now) + carry(b, a, SIZE_MAX, now);
    for (auto [side, other] : {std::pair(&a, &b), std::pair(&b, &a)})
      for (const auto& [id, text] : other->written) consume(*side, *other, id, SIZE_MAX, now);
    moved += a.session.pending_output().size() + b.session.pending_output().size();
  }
  for (auto [side, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    GHMESH_CHECK(side->session.unread_bytes() == 0);
    for (const auto& [id, text] : other->written)
      if (!side->is_reset[id] && !other->is_reset[id]) GHMESH_CHECK(side->read[id] == text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Side dialer(Role::dialer), listener(Role::listener);
  Instant now(1h);
  for (std::size_t i = 0; i + 1 < size; i += 2) {
    Side& side = data[i] >= 128 ? dialer : listener;
    Side& other = data[i] >= 128 ? listener : dialer;
    take_step(side, other, data[i] % 128u, data[i + 1], now);
    now += 1ms;
    for (const Side* each : {&dialer, &listener}) {
      GHMESH_CHECK(each->session.unread_bytes() <= kOptions.receive_bytes_max + 65'536);
      GHMESH_CHECK(each->session.held_bytes() <= 4 * kOptions.receive_bytes_max + 2 * 1024 * 1024);
    }
  }
  end(dialer, listener, now);
  return 0;
}
