// SPDX-License-Identifier: Apache-2.0 OR MIT
// multistream-select 1.0: two sides agree which protocol a connection or stream speaks. Specification:
// docs/wire/multistream.md.
//
// A machine for one negotiation. The dialer proposes protocols in its order of preference, the listener echoes the one
// it accepts or answers "na". receive() takes only the bytes of the negotiation: what follows the last message belongs
// to the protocol.
//
// A dialer may be lazy: with one proposal, its header and proposal can be followed by the first application bytes at
// once. Send pending_output() and then the application's bytes; what arrives still goes through receive() until
// is_done().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::multistream {

inline constexpr std::string_view kHeader = "/multistream/1.0.0";
// Length of one message with its newline. go and js read no more; no protocol id is near it.
inline constexpr std::size_t kMessageBytesMax = 1024;
// Proposals that a listener refuses before it gives the dialer up; a peer that offers more is probing.
inline constexpr std::size_t kProposalsMax = 32;

class Negotiation {
 public:
  // At least one proposal, each shorter than a message. The most wanted first.
  static Negotiation dial(std::vector<std::string> proposals);
  static Negotiation listen(std::vector<std::string> supported);

  // How many bytes of `bytes` were taken: all of them unless the negotiation ends within. An error is final:
  // multistream_malformed, multistream_refused (the listener has none of the proposals), limit_reached.
  Result<std::size_t> receive(ByteView bytes);

  ByteView pending_output() const { return ByteView(output_).subspan(output_begin_); }
  void output_sent(std::size_t bytes_count);

  // Agreed, as far as this side is concerned. A listener still has its echo to send.
  bool is_done() const { return is_done_; }
  // What was agreed on; before that, what a dialer has on offer.
  const std::string& protocol() const { return protocol_; }

 private:
  enum class Role { dialer, listener };
  Negotiation(Role role, std::vector<std::string> protocols);

  Result<void> handle(std::string_view message);
  Result<void> handle_reply(std::string_view message);
  Result<void> handle_proposal(std::string_view message);
  void send(std::string_view message);

  Role role_;
  std::vector<std::string> protocols_;
  std::size_t next_proposal_ = 1;   // dialer: to try after "na"
  std::size_t refusals_count_ = 0;  // listener
  bool has_header_ = false;         // the peer's header has arrived
  bool is_done_ = false;
  std::string protocol_;
  Bytes input_;  // an incomplete message
  Bytes output_;
  std::size_t output_begin_ = 0;
};

// uvarint(length) | text | newline, as it is on the wire.
Bytes write_message(std::string_view text);

}  // namespace ghmesh::multistream
