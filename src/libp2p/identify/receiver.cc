// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/identify/receiver.h"

#include "libp2p/stream/machine.h"

namespace ghmesh::identify {

static_assert(stream::StreamMachine<Receiver>);

Result<std::size_t> Receiver::receive(ByteView bytes, Instant /*now*/) {
  GHMESH_CHECK(!is_done_);
  ByteView rest = bytes;
  for (;;) {
    // A message too many is not waited for.
    if (messages_ == kMessagesMax && !rest.empty()) return Errc::identify_too_large;
    auto message = reader_.next(rest);
    if (!message)
      return message.error() == Errc::too_large ? Errc::identify_too_large
                                                : Errc::identify_malformed;
    if (!*message) return bytes.size();
    ++messages_;
    auto parsed = parse_identify(**message, told_.statement, told_.dropped);
    if (!parsed) return parsed.error();
    const auto& key = told_.statement.public_key;
    if (key && !equal(*key, peer_key_.serialized())) return Errc::identify_wrong_key;
  }
}

Result<void> Receiver::peer_finished(Instant /*now*/) {
  if (messages_ == 0 || !reader_.is_empty()) return Errc::identify_malformed;
  const Bytes& envelope = told_.statement.signed_record;
  if (!envelope.empty()) {
    auto record = record::CertifiedRecord::verify(envelope, peer_key_.peer_id());
    told_.has_wrong_record = !record;
    if (record) told_.record = *std::move(record);
  }
  is_done_ = true;
  deadline_ = Instant::max();
  return {};
}

void Receiver::output_sent(std::size_t bytes_count, Instant /*now*/) {
  GHMESH_CHECK(bytes_count == 0);
}

Result<void> Receiver::tick(Instant now) {
  if (now >= deadline_) return Errc::timed_out;
  return {};
}

void learn(PeerInfo& known, const Told& told, Exchange exchange) {
  if (exchange == Exchange::identify) known = PeerInfo();
  const Identify& statement = told.statement;
  if (!statement.protocols.empty()) known.protocols = statement.protocols;
  if (statement.protocol_version) known.protocol_version = *statement.protocol_version;
  if (statement.agent_version) known.agent_version = *statement.agent_version;
  if (statement.observed_address) known.observed_address = statement.observed_address;
  if (told.record) {
    known.addresses = told.record->record().addresses;
    known.record = told.record;
  } else if (!statement.listen_addresses.empty()) {
    known.addresses = statement.listen_addresses;
    known.record.reset();  // it says something else
  }
}

}  // namespace ghmesh::identify
