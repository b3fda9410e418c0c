// SPDX-License-Identifier: Apache-2.0 OR MIT
// The one shape of a protocol that lives on one stream of a connection: identify, ping, perf.
//
// A stream machine knows neither its stream nor its muxer. Whoever holds both, the host, drives it:
//
//   what the host sees                      what it calls
//   --------------------------------------  ----------------------------------------------------------------------
//   the stream was negotiated               the constructor, with `now`; from then on, after every call, it sends
//   bytes are readable                      receive(): takes a prefix and says how many bytes. Fewer than all: it has
//                                           no room. Leave the rest unread and offer it again after output_sent().
//   the peer has finished its side and      peer_finished(), once
//     everything it sent was taken
//   pending_output() is not empty           write a prefix of it to the stream, then output_sent()
//   pending_output() is empty and           finish our side of the stream, once
//     wants_finish()
//   next_deadline() has passed              tick(); calling it at any other time does nothing
//   is_done()                               the result may be taken; finish our side if that was not done, and forget
//                                           both
//   an error, from any call                 reset the stream and drop the machine. The connection may go on: whether
//                                           the peer deserves it is the host's to decide
//   the peer has reset the stream           drop the machine
//
// What a machine buffers is bounded by constants of its room. It never answers faster than its output is taken, so a
// peer that does not read is not read from, and meets the deadline.
#pragma once

#include <concepts>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace ghmesh::stream {

template <class Machine>
concept StreamMachine = requires(Machine& machine, const Machine& view, ByteView bytes,
                                 std::size_t bytes_count, Instant now) {
  { machine.receive(bytes, now) } -> std::same_as<Result<std::size_t>>;
  { machine.peer_finished(now) } -> std::same_as<Result<void>>;
  { view.pending_output() } -> std::same_as<ByteView>;
  { machine.output_sent(bytes_count, now) } -> std::same_as<void>;
  { view.wants_finish() } -> std::same_as<bool>;
  { machine.tick(now) } -> std::same_as<Result<void>>;  // Errors: timed_out
  { view.next_deadline() } -> std::same_as<Instant>;    // Instant::max(): none
  { view.is_done() } -> std::same_as<bool>;
};

}  // namespace ghmesh::stream
