// SPDX-License-Identifier: Apache-2.0 OR MIT
// Streams: handed on to their connection.
#include "libp2p/swarm/record.h"
#include "libp2p/swarm/swarm.h"

namespace ghmesh::swarm {

Result<StreamRef> Swarm::open_stream(ConnectionId connection, std::vector<std::string> protocols,
                                     Instant now) {
  Record* record = record_of(connection);
  if (!record || !record->is_connected) return Errc::connection_lost;
  auto stream = record->connection->open_stream(std::move(protocols), now);
  if (!stream) return stream.error();
  settle(*record, now);
  return StreamRef{connection, *stream};
}

Result<std::size_t> Swarm::write(StreamRef stream, ByteView bytes, Instant now) {
  Record* record = record_of(stream.connection);
  if (!record || !record->is_connected) return Errc::yamux_closed;
  auto written = record->connection->write(stream.stream, bytes, now);
  settle(*record, now);
  return written;
}

void Swarm::finish(StreamRef stream, Instant now) {
  Record* record = record_of(stream.connection);
  if (!record || !record->is_connected) return;
  record->connection->finish(stream.stream);
  settle(*record, now);
}

void Swarm::reset(StreamRef stream, Instant now) {
  Record* record = record_of(stream.connection);
  if (!record || !record->is_connected) return;
  record->connection->reset(stream.stream);
  settle(*record, now);
}

ByteView Swarm::readable(StreamRef stream) const {
  const Record* record = record_of(stream.connection);
  return record && record->is_connected ? record->connection->readable(stream.stream) : ByteView();
}

void Swarm::consume(StreamRef stream, std::size_t bytes_count, Instant now) {
  Record* record = record_of(stream.connection);
  if (!record || !record->is_connected) return;
  record->connection->consume(stream.stream, bytes_count, now);
  settle(*record, now);
}

bool Swarm::is_at_end(StreamRef stream) const {
  const Record* record = record_of(stream.connection);
  return !record || !record->is_connected || record->connection->is_at_end(stream.stream);
}

void Swarm::set_protocols(Protocols protocols) {
  protocols_ = std::move(protocols);
  for (auto& [id, record] : records_)
    if (record->connection) record->connection->set_protocols(protocols_);
}

void Swarm::set_protocols(ConnectionId connection, Protocols protocols) {
  Record* record = record_of(connection);
  if (record && record->connection) record->connection->set_protocols(std::move(protocols));
}

}  // namespace ghmesh::swarm
