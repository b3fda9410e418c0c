// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/legacy/message.h"

#include "base/text.h"
#include "library/canonical_json.h"

namespace ghmesh::mesh {

crypto::Secret legacy_key_of(const crypto::Secret& secret) {
  return crypto::pbkdf2_sha256(secret, as_bytes("github-cache-p2p"), kLegacyIterations,
                               crypto::kFernetKeyBytes);
}

Result<std::string> write_legacy_message(const crypto::Secret& key, const Key& name,
                                         const Value& value, WallTime now,
                                         const crypto::FernetIv& iv) {
  std::string plain = "{\"key\": ";
  library::append_canonical_text(plain, name.joined());
  plain += ", \"entry\": ";
  plain += library::write_legacy_entry(name, value);
  plain += "}";
  if (plain.size() > kLegacySentBytesMax) return Errc::too_large;
  std::string token = crypto::seal_fernet(key, as_bytes(plain), now, iv);
  if (token.size() > kLegacySentBytesMax) return Errc::too_large;
  return token;
}

Result<library::LegacyEntry> read_legacy_message(const crypto::Secret& key,
                                                 std::string_view message, WallTime now) {
  if (message.size() > kLegacyReadBytesMax) return Errc::too_large;
  auto opened = crypto::open_fernet(key, message);
  if (!opened) return opened.error();
  auto entry = library::parse_legacy_message(as_text(opened->bytes));
  if (!entry) return entry.error();
  if (entry->written_at / 1000 > to_seconds(now + kLegacyAheadMax)) return Errc::mesh_from_future;
  if (!entry->is_hash_good) return Errc::mesh_false_body;
  return entry;
}

}  // namespace ghmesh::mesh
