// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/candidates.h"

#include <algorithm>

#include "crypto/aead.h"
#include "crypto/hash.h"

namespace ghmesh::cache {

CandidateSeal::CandidateSeal(const crypto::Secret& local_secret)
    : locate_key_(crypto::hkdf_sha256(local_secret.reveal(), {}, "ghmesh candidates locate 1", 32)),
      seal_key_(crypto::hkdf_sha256(local_secret.reveal(), {}, "ghmesh candidates seal 1",
                                    crypto::kSealKeyBytes)) {}

RowKey CandidateSeal::locate(std::string_view key) const {
  const crypto::Digest mac = crypto::hmac_sha256(locate_key_.reveal(), as_bytes(key));
  RowKey at{};
  std::copy_n(mac.begin(), at.size(), at.begin());
  return at;
}

Bytes CandidateSeal::seal(const RowKey& at, const Candidate& candidate) const {
  Bytes plain = copy_bytes(candidate.principal);
  append(plain, candidate.row);
  append(plain, candidate.seal_key.reveal());
  Bytes sealed = crypto::seal(seal_key_, at, plain);
  crypto::wipe(plain);
  return sealed;
}

std::optional<CandidateSeal::Candidate> CandidateSeal::open(const RowKey& at,
                                                            ByteView sealed) const {
  auto plain = crypto::open(seal_key_, at, sealed);
  Candidate candidate;
  if (!plain ||
      plain->size() != candidate.principal.size() + candidate.row.size() + crypto::kSealKeyBytes)
    return std::nullopt;
  Reader in(*plain);
  std::ranges::copy(*in.take(candidate.principal.size()), candidate.principal.begin());
  std::ranges::copy(*in.take(candidate.row.size()), candidate.row.begin());
  candidate.seal_key = crypto::Secret(in.rest());
  crypto::wipe(*plain);
  return candidate;
}

}  // namespace ghmesh::cache
