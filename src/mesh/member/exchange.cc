// SPDX-License-Identifier: Apache-2.0 OR MIT
// Streams of sealed messages: how they are opened, carried, limited and ended. What the messages say is leases.cc's and
// bodies.cc's.
#include <algorithm>

#include "crypto/random.h"
#include "mesh/member/state.h"

namespace ghmesh::mesh {
namespace {

std::string_view protocol_of(ExchangeKind kind) {
  switch (kind) {
    case ExchangeKind::lease: return kLeaseProtocol;
    case ExchangeKind::fetch: return kFetchProtocol;
    case ExchangeKind::warm: return kWarmProtocol;
    case ExchangeKind::board: return kBoardProtocol;
    case ExchangeKind::recall: return kRecallProtocol;
  }
  return {};
}

std::optional<ExchangeKind> kind_of(std::string_view protocol) {
  for (const auto kind : {ExchangeKind::lease, ExchangeKind::fetch, ExchangeKind::warm,
                          ExchangeKind::board, ExchangeKind::recall})
    if (protocol_of(kind) == protocol) return kind;
  return std::nullopt;
}

std::size_t streams_max(ExchangeKind kind) {
  switch (kind) {
    case ExchangeKind::lease: return kLeaseStreamsMax;
    case ExchangeKind::fetch: return kBodyStreamsMax;
    case ExchangeKind::warm:
    case ExchangeKind::board: return kWarmStreamsMax;
    case ExchangeKind::recall: return kRecallStreamsMax;
  }
  return 0;
}

// How long one that asks us may keep its stream.
Duration patience_of(ExchangeKind kind) {
  switch (kind) {
    case ExchangeKind::lease: return 2 * kLeaseMax;  // it waits, and then holds
    case ExchangeKind::fetch: return kBodyAnswerMax;
    case ExchangeKind::warm:
    case ExchangeKind::board: return kWarmAnswerMax;
    case ExchangeKind::recall: return kRecallAnswerMax;
  }
  return {};
}

// Output that waits in an exchange: one frame, while the stream takes what was written before.
constexpr std::size_t kOutputBytesMax = kSealedFrameBytesMax;

// A recall names what it wants; the others send fixed fields.
std::size_t ask_bytes_max(ExchangeKind kind) {
  return kind == ExchangeKind::recall ? 2 * kSharedNameBytesMax : kAskFrameBytesMax;
}

}  // namespace

ExchangeId new_exchange_id() {
  ExchangeId id;
  crypto::fill_random(id);
  return id;
}

Exchange* Member::State::open_exchange(const PeerId& peer, ExchangeKind kind, const ExchangeId& id,
                                       Instant deadline, ByteView ask, Now now, StreamRef& stream) {
  const auto found = peers.find(peer);
  if (found == peers.end()) return nullptr;
  auto opened = host.swarm().open_stream(found->second.connections.begin()->first,
                                         {std::string(protocol_of(kind))}, now.instant);
  if (!opened) return nullptr;
  stream = *opened;
  Exchange& exchange =
      exchanges.emplace(stream, Exchange{.kind = kind, .peer = peer, .id = id}).first->second;
  schedule(stream, exchange, deadline);
  if (!send(exchange, ask)) {
    drop(stream, Errc::cancelled, now);
    return nullptr;
  }
  flush(stream, now);
  const auto still = exchanges.find(stream);
  return still == exchanges.end() ? nullptr : &still->second;
}

void Member::State::handle_exchange(const host::StreamEvent& event, Now now) {
  using Kind = swarm::Event::Kind;
  if (event.kind == Kind::opened) {
    const auto kind = kind_of(event.protocol);
    if (!kind || !peers.contains(event.peer)) return host.swarm().reset(event.stream, now.instant);
    return accept_exchange(event, *kind, now);
  }
  if (!exchanges.contains(event.stream)) return;
  switch (event.kind) {
    case Kind::readable:
    case Kind::finished: return read_exchange(event.stream, now);
    case Kind::writable: return flush(event.stream, now);
    case Kind::refused: return forget(event.stream, Errc::multistream_refused, now);
    case Kind::reset: return forget(event.stream, Errc::cancelled, now);
    default: return;
  }
}

std::size_t Member::State::count_inbound(const PeerId& peer, ExchangeKind kind) const {
  std::size_t count = 0;
  for (const auto& [connection, under] : peers.at(peer).connections)
    for (auto each = exchanges.lower_bound({.connection = connection, .stream = 0});
         each != exchanges.end() && each->first.connection == connection; ++each)
      count += each->second.is_inbound && each->second.kind == kind;
  return count;
}

void Member::State::accept_exchange(const host::StreamEvent& event, ExchangeKind kind, Now now) {
  if (count_inbound(event.peer, kind) >= streams_max(kind)) {
    ++counters.exchanges_refused;
    return host.swarm().reset(event.stream, now.instant);
  }
  Exchange& exchange =
      exchanges
          .emplace(event.stream,
                   Exchange{.kind = kind,
                            .is_inbound = true,
                            .peer = event.peer,
                            .reader = multiformats::DelimitedReader(ask_bytes_max(kind))})
          .first->second;
  schedule(event.stream, exchange, now.instant + patience_of(kind));
  read_exchange(event.stream, now);
}

void Member::State::read_exchange(StreamRef stream, Now now) {
  swarm::Swarm& swarm = host.swarm();
  const ByteView readable = swarm.readable(stream);
  ByteView rest = readable;
  for (;;) {
    const auto found = exchanges.find(stream);
    if (found == exchanges.end()) return;
    Exchange& exchange = found->second;
    auto frame = exchange.reader.next(rest);
    Error error = frame ? Error() : frame.error();
    if (frame && !*frame) break;
    if (!error) {
      auto plain = open(exchange, **frame);
      if (!plain) error = plain.error();
      else if (auto taken = take(stream, exchange, *plain, now); !taken) error = taken.error();
    }
    if (error) {
      ++counters.exchanges_broken;
      return drop(stream, error, now);
    }
  }
  if (!exchanges.contains(stream)) return;
  swarm.consume(stream, readable.size() - rest.size(), now.instant);
  flush(stream, now);
  const auto found = exchanges.find(stream);
  if (found == exchanges.end() || !swarm.is_at_end(stream)) return;
  // The other side is done. So are we, unless there is something of ours that it still waits for.
  const bool has_more = found->second.is_inbound && !found->second.is_finished_here;
  if (has_more && found->second.kind != ExchangeKind::lease) return;
  if (!found->second.is_finished_here) swarm.finish(stream, now.instant);
  forget(stream, Errc::connection_lost, now);
}

Result<void> Member::State::take(StreamRef stream, Exchange& exchange, ByteView plain, Now now) {
  const bool is_ask = exchange.is_inbound && exchange.received_count == 1;
  switch (exchange.kind) {
    case ExchangeKind::lease:
      if (is_ask) return take_lease_ask(stream, exchange, plain, now);
      return exchange.is_inbound ? take_lease_end(exchange, plain, now)
                                 : take_lease_word(stream, exchange, plain, now);
    case ExchangeKind::fetch:
      if (is_ask) return take_body_ask(exchange, plain);
      if (exchange.is_inbound) return Errc::malformed;
      return take_body_frame(stream, exchange, plain, now);
    case ExchangeKind::warm:
      if (is_ask) return take_warm_ask(exchange, plain, now);
      if (exchange.is_inbound) return Errc::malformed;
      return take_warm_batch(stream, exchange, plain, now);
    case ExchangeKind::board:
      if (is_ask) return take_board_ask(exchange, plain);
      if (exchange.is_inbound) return Errc::malformed;
      return take_board_batch(stream, exchange, plain, now);
    case ExchangeKind::recall:
      if (is_ask) return take_recall_ask(stream, exchange, plain);
      if (exchange.is_inbound) return Errc::malformed;
      return take_recall_frame(exchange, plain, now);
  }
  return Errc::unsupported;
}

// An ask is sealed at its protocol; all that follows, either way, at the exchange and numbered by its sender.
Result<void> Member::State::send(Exchange& exchange, ByteView plain) {
  const std::string_view protocol = protocol_of(exchange.kind);
  const bool is_ask = !exchange.is_inbound && exchange.sent_count == 0;
  const std::string place = is_ask ? std::string(protocol) : exchange_place(protocol, exchange.id);
  const std::uint64_t seqno = exchange.sent_count - (!exchange.is_inbound && !is_ask ? 1 : 0);
  auto sealed = sealer.seal(keyring.announce_keys().entry_key,
                            {.place = place, .sender = host.self().bytes(), .seqno = seqno}, plain);
  if (!sealed) return sealed.error();
  ++exchange.sent_count;
  multiformats::append_delimited(exchange.output, *sealed);
  return {};
}

Result<Bytes> Member::State::open(Exchange& exchange, ByteView frame) {
  const std::string_view protocol = protocol_of(exchange.kind);
  const bool is_ask = exchange.is_inbound && exchange.received_count == 0;
  const std::string place = is_ask ? std::string(protocol) : exchange_place(protocol, exchange.id);
  const std::uint64_t seqno = exchange.received_count - (exchange.is_inbound && !is_ask ? 1 : 0);
  auto plain = open_sealed(
      keyring.readable(), {.place = place, .sender = exchange.peer.bytes(), .seqno = seqno}, frame);
  if (plain) ++exchange.received_count;
  return plain;
}

void Member::State::flush(StreamRef stream, Now now) {
  const auto found = exchanges.find(stream);
  if (found == exchanges.end()) return;
  Exchange& exchange = found->second;
  for (;;) {
    const ByteView rest = ByteView(exchange.output).subspan(exchange.output_begin);
    if (!rest.empty()) {
      auto written = host.swarm().write(stream, rest, now.instant);
      if (!written) return;  // the stream is gone, and its event on the way
      exchange.output_begin += *written;
      if (*written < rest.size()) return;  // `writable` follows
    }
    exchange.output.clear();
    exchange.output_begin = 0;
    auto refilled = refill(exchange);
    if (!refilled) return drop(stream, refilled.error(), now);
    if (!*refilled) break;
  }
  if (!exchange.wants_finish || exchange.is_finished_here) return;
  exchange.is_finished_here = true;
  host.swarm().finish(stream, now.instant);
  // What we were asked is answered in full; a peer that never reads it to the end is the stream's affair.
  if (exchange.is_inbound) forget(stream, Error(), now);
}

void Member::State::schedule(StreamRef stream, Exchange& exchange, Instant deadline) {
  deadlines.erase({exchange.deadline, stream});
  exchange.deadline = deadline;
  if (deadline != Instant::max()) deadlines.emplace(deadline, stream);
}

void Member::State::drop(StreamRef stream, Error reason, Now now) {
  host.swarm().reset(stream, now.instant);
  forget(stream, reason, now);
}

void Member::State::forget(StreamRef stream, Error reason, Now now) {
  const auto node = exchanges.extract(stream);
  if (node.empty()) return;
  const Exchange& exchange = node.mapped();
  deadlines.erase({exchange.deadline, stream});
  if (exchange.asker) {
    askers.erase(*exchange.asker);
    table.end(*exchange.asker, LeaseTable::End::lost, now.instant);
    drain_table(now);
  }
  if (exchange.lease != 0) lease_lost(exchange, reason, now);
  if (exchange.body != 0) try_body(exchange.body, now);
  if (exchange.kind == ExchangeKind::warm && !exchange.is_inbound) end_warmth(exchange, now);
  if (exchange.kind == ExchangeKind::board && !exchange.is_inbound) end_board(exchange, now);
  if (exchange.recall != 0) recall_lost(stream, exchange.recall, now);
}

void Member::State::tick_exchanges(Now now) {
  while (!deadlines.empty() && deadlines.begin()->first <= now.instant)
    drop(deadlines.begin()->second, Errc::timed_out, now);
}

}  // namespace ghmesh::mesh
