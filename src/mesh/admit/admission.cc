// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/admit/admission.h"

#include "base/check.h"
#include "libp2p/stream/machine.h"

namespace ghmesh::mesh {
namespace {

static_assert(stream::StreamMachine<Admission>);
static_assert(kDialerAdmissionBytes < kAdmissionBytesMax);

using Side = Admission::Side;

constexpr std::byte kVersion{1};
constexpr std::string_view kLabel = "ghmesh admit 1";
constexpr std::size_t kNonceBegin = 1;
constexpr std::size_t kProofsBegin = kNonceBegin + sizeof(AdmissionNonce);

void append_id(Bytes& out, const multiformats::PeerId& id) {
  append_big_endian<std::uint16_t>(out, static_cast<std::uint16_t>(id.bytes().size()));
  append(out, id.bytes());
}

Bytes write_bound(const Admission::Connection& connection) {
  const bool is_dialer = connection.side == Side::dialer;
  Bytes out = copy_bytes(as_bytes(kLabel));
  append(out, connection.handshake_hash);
  append_id(out, is_dialer ? connection.self : connection.peer);
  append_id(out, is_dialer ? connection.peer : connection.self);
  return out;
}

// What stands for the previous secret where there is none: nobody has its proof, and nobody sees the difference.
crypto::Secret absent_key(const AdmissionNonce& nonce, const crypto::Secret& newest) {
  return crypto::hkdf_sha256(newest.reveal(), nonce, "ghmesh admit: no previous secret",
                             newest.size());
}

}  // namespace

Admission::Admission(const Connection& connection, const Keyring& keys, const AdmissionNonce& nonce,
                     Instant now)
    : side_(connection.side),
      bound_(write_bound(connection)),
      newest_(keys.newest().member_key()),
      previous_(keys.previous() != nullptr ? keys.previous()->member_key()
                                           : absent_key(nonce, newest_)),
      has_previous_(keys.previous() != nullptr),
      nonce_(nonce),
      deadline_(now + kAdmissionTimeMax) {
  if (side_ != Side::dialer) return;
  output_.push_back(kVersion);
  append(output_, nonce_);
  append(output_, prove(newest_, Side::dialer, nonce_));
  append(output_, prove(previous_, Side::dialer, nonce_));
}

AdmissionProof Admission::prove(const crypto::Secret& member_key, Side side,
                                ByteView nonces) const {
  Bytes text = bound_;
  text.push_back(static_cast<std::byte>(side));
  append(text, nonces);
  return crypto::hmac_sha256(member_key.reveal(), text);
}

Result<std::size_t> Admission::receive(ByteView bytes, Instant /*now*/) {
  const std::size_t wanted =
      side_ == Side::listener ? kDialerAdmissionBytes : kListenerAdmissionBytes;
  // One message each way: what follows it was not asked for.
  if (bytes.size() > wanted - input_.size()) return Errc::mesh_refused;
  append(input_, bytes);
  if (input_.size() < wanted || bytes.empty()) return bytes.size();
  auto judged = side_ == Side::listener ? judge_dialer() : judge_listener();
  if (!judged) return judged.error();
  return bytes.size();
}

// Everything is computed and compared before anything is decided: the time tells neither which proof was wrong nor how
// many secrets we hold.
Result<void> Admission::judge_dialer() {
  const ByteView input(input_);
  const ByteView nonce = input.subspan(kNonceBegin, sizeof(AdmissionNonce));
  const ByteView first = input.subspan(kProofsBegin, kAdmissionProofBytes);
  const ByteView second = input.subspan(kProofsBegin + kAdmissionProofBytes);
  const auto is_under = [&](const crypto::Secret& key) {
    const AdmissionProof expected = prove(key, Side::dialer, nonce);
    const bool is_first = crypto::equal_in_constant_time(expected, first);
    const bool is_second = crypto::equal_in_constant_time(expected, second);
    return unsigned{is_first} | unsigned{is_second};
  };
  const unsigned is_under_newest = is_under(newest_);
  const unsigned is_under_previous = is_under(previous_) & unsigned{has_previous_};
  const bool is_proven = (is_under_newest | is_under_previous) != 0;
  if (input[0] != kVersion || !is_proven) return Errc::mesh_refused;
  under_ = is_under_newest != 0 ? Under::newest : Under::previous;

  Bytes nonces = copy_bytes(nonce);
  append(nonces, nonce_);
  output_.push_back(kVersion);
  append(output_, nonce_);
  append(output_, prove(*under_ == Under::newest ? newest_ : previous_, Side::listener, nonces));
  return {};
}

Result<void> Admission::judge_listener() {
  const ByteView input(input_);
  Bytes nonces = copy_bytes(nonce_);
  append(nonces, input.subspan(kNonceBegin, sizeof(AdmissionNonce)));
  const ByteView proof = input.subspan(kProofsBegin);
  const auto is_under = [&](const crypto::Secret& key) {
    return unsigned{crypto::equal_in_constant_time(prove(key, Side::listener, nonces), proof)};
  };
  const unsigned is_under_newest = is_under(newest_);
  const unsigned is_under_previous = is_under(previous_) & unsigned{has_previous_};
  const bool is_proven = (is_under_newest | is_under_previous) != 0;
  if (input[0] != kVersion || !is_proven) return Errc::mesh_refused;
  under_ = is_under_newest != 0 ? Under::newest : Under::previous;
  return {};
}

Result<void> Admission::peer_finished(Instant /*now*/) {
  if (!under_) return Errc::mesh_refused;
  return {};
}

void Admission::output_sent(std::size_t bytes_count, Instant /*now*/) {
  GHMESH_CHECK(bytes_count <= pending_output().size());
  output_sent_ += bytes_count;
  has_spoken_ = !output_.empty() && output_sent_ == output_.size();
}

Result<void> Admission::tick(Instant now) {
  if (now >= next_deadline()) return Errc::timed_out;
  return {};
}

}  // namespace ghmesh::mesh
