// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/multistream/negotiation.h"

#include <algorithm>

#include "multiformats/varint.h"

namespace ghmesh::multistream {
namespace {

constexpr std::string_view kNotAvailable = "na";

struct Message {
  std::string_view text;    // without the newline
  std::size_t bytes_count;  // with its length
};

// The message at the front; nullopt while its end is missing. The length is checked before its bytes are waited for.
Result<std::optional<Message>> parse_message(ByteView bytes) {
  auto length = multiformats::parse_varint(bytes);
  if (!length) return Errc::multistream_malformed;
  if (!*length) return std::optional<Message>();
  const auto [text_bytes, prefix_bytes] = **length;
  if (text_bytes == 0 || text_bytes > kMessageBytesMax) return Errc::multistream_malformed;
  if (bytes.size() < prefix_bytes + text_bytes) return std::optional<Message>();
  const std::string_view line =
      as_text(bytes.subspan(prefix_bytes, static_cast<std::size_t>(text_bytes)));
  if (line.back() != '\n') return Errc::multistream_malformed;
  const std::string_view text = line.substr(0, line.size() - 1);
  if (text.find('\n') != std::string_view::npos) return Errc::multistream_malformed;
  return std::optional<Message>({.text = text, .bytes_count = prefix_bytes + line.size()});
}

// What speaks another protocol is told so at its first wrong byte, and not after a message that never ends.
bool begins_like_header(ByteView bytes) {
  static const Bytes header = write_message(kHeader);
  const std::size_t bytes_count = std::min(bytes.size(), header.size());
  return equal(bytes.first(bytes_count), ByteView(header).first(bytes_count));
}

}  // namespace

Bytes write_message(std::string_view text) {
  Bytes out;
  multiformats::append_varint(out, text.size() + 1);
  append(out, as_bytes(text));
  out.push_back(std::byte{'\n'});
  return out;
}

Negotiation::Negotiation(Role role, std::vector<std::string> protocols)
    : role_(role), protocols_(std::move(protocols)) {
  send(kHeader);
}

Negotiation Negotiation::dial(std::vector<std::string> proposals) {
  GHMESH_CHECK(!proposals.empty());
  Negotiation negotiation(Role::dialer, std::move(proposals));
  negotiation.protocol_ = negotiation.protocols_.front();
  negotiation.send(negotiation.protocol_);
  return negotiation;
}

Negotiation Negotiation::listen(std::vector<std::string> supported) {
  return {Role::listener, std::move(supported)};
}

void Negotiation::send(std::string_view message) { append(output_, write_message(message)); }

void Negotiation::output_sent(std::size_t bytes_count) {
  GHMESH_CHECK(bytes_count <= output_.size() - output_begin_);
  output_begin_ += bytes_count;
}

Result<std::size_t> Negotiation::receive(ByteView bytes) {
  std::size_t taken = 0;
  while (!is_done_ && taken < bytes.size()) {
    // Of a message that comes in parts, at most one more than its limit is held.
    const std::size_t held = input_.size();
    const ByteView more =
        bytes.subspan(taken, std::min(bytes.size() - taken, kMessageBytesMax + 2 - held));
    append(input_, more);
    if (!has_header_ && !begins_like_header(input_)) return Errc::multistream_malformed;
    auto message = parse_message(input_);
    if (!message) return message.error();
    if (!*message) {
      taken += more.size();
      continue;
    }
    const std::string text((*message)->text);
    taken += (*message)->bytes_count - held;
    input_.clear();
    auto handled = handle(text);
    if (!handled) return handled.error();
  }
  return taken;
}

Result<void> Negotiation::handle(std::string_view message) {
  if (!has_header_) {
    if (message != kHeader) return Errc::multistream_malformed;
    has_header_ = true;
    return {};
  }
  return role_ == Role::dialer ? handle_reply(message) : handle_proposal(message);
}

Result<void> Negotiation::handle_reply(std::string_view message) {
  if (message == protocol_) {
    is_done_ = true;
    return {};
  }
  if (message != kNotAvailable) return Errc::multistream_malformed;
  if (next_proposal_ == protocols_.size()) return Errc::multistream_refused;
  protocol_ = protocols_[next_proposal_++];
  send(protocol_);
  return {};
}

Result<void> Negotiation::handle_proposal(std::string_view message) {
  // "ls" is obsolete and gets the same answer as any protocol that we do not speak.
  if (std::ranges::find(protocols_, message) == protocols_.end()) {
    if (++refusals_count_ > kProposalsMax) return Errc::limit_reached;
    send(kNotAvailable);
    return {};
  }
  protocol_ = message;
  is_done_ = true;
  send(protocol_);
  return {};
}

}  // namespace ghmesh::multistream
