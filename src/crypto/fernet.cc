// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/fernet.h"

#include <openssl/evp.h>

#include <memory>

#include "base/check.h"
#include "base/text.h"
#include "crypto/hash.h"

namespace ghmesh::crypto {
namespace {

constexpr std::byte kVersion{0x80};
constexpr std::size_t kHeadBytes = 1 + 8 + kFernetIvBytes;
constexpr std::size_t kMacBytes = sizeof(Digest);
constexpr std::size_t kBlockBytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(MutableByteView bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

ByteView signing_half(const Secret& key) { return key.reveal().first(kFernetKeyBytes / 2); }
ByteView encryption_half(const Secret& key) { return key.reveal().last(kFernetKeyBytes / 2); }

// Empty when the padding is wrong, which only decryption can find.
std::optional<Bytes> run_aes(const Secret& key, ByteView iv, ByteView in, int is_encrypting) {
  const Context context(EVP_CIPHER_CTX_new());
  GHMESH_CHECK(context != nullptr);
  GHMESH_CHECK(EVP_CipherInit_ex(context.get(), EVP_aes_128_cbc(), nullptr,
                                 raw(encryption_half(key)), raw(iv), is_encrypting) == 1);
  Bytes out(in.size() + kBlockBytes);
  int written = 0, last = 0;
  GHMESH_CHECK(in.size() <= (1u << 30));
  GHMESH_CHECK(EVP_CipherUpdate(context.get(), raw(MutableByteView(out)), &written, raw(in),
                                static_cast<int>(in.size())) == 1);
  if (EVP_CipherFinal_ex(context.get(),
                         raw(MutableByteView(out).subspan(static_cast<std::size_t>(written))),
                         &last) != 1)
    return std::nullopt;
  out.resize(static_cast<std::size_t>(written) + static_cast<std::size_t>(last));
  return out;
}

}  // namespace

std::string seal_fernet(const Secret& key, ByteView plain, WallTime now, const FernetIv& iv) {
  GHMESH_CHECK(key.reveal().size() == kFernetKeyBytes);
  Bytes token{kVersion};
  append_big_endian<std::uint64_t>(token, static_cast<std::uint64_t>(to_seconds(now)));
  append(token, iv);
  append(token, *run_aes(key, iv, plain, /*is_encrypting=*/1));
  append(token, hmac_sha256(signing_half(key), token));
  std::string text = base64url(token);
  while (text.size() % 4 != 0) text += '=';  // Python's reader wants it
  return text;
}

Result<FernetPlain> open_fernet(const Secret& key, std::string_view token) {
  GHMESH_CHECK(key.reveal().size() == kFernetKeyBytes);
  while (token.ends_with('=')) token.remove_suffix(1);
  const auto bytes = parse_base64url(token);
  if (!bytes || bytes->size() < kHeadBytes + kBlockBytes + kMacBytes ||
      bytes->size() > (1u << 30) || (bytes->size() - kHeadBytes - kMacBytes) % kBlockBytes != 0)
    return Errc::seal_rejected;
  const ByteView all = *bytes;
  const ByteView signed_part = all.first(all.size() - kMacBytes);
  if (!equal_in_constant_time(hmac_sha256(signing_half(key), signed_part), all.last(kMacBytes)) ||
      all[0] != kVersion)
    return Errc::seal_rejected;
  const auto seconds = load_big_endian<std::uint64_t>(all.subspan(1, 8));
  auto plain = run_aes(key, all.subspan(9, kFernetIvBytes), signed_part.subspan(kHeadBytes),
                       /*is_encrypting=*/0);
  if (!plain || seconds > (std::uint64_t{1} << 40)) return Errc::seal_rejected;
  return FernetPlain{.bytes = *std::move(plain),
                     .sealed_at = wall_time(static_cast<std::int64_t>(seconds))};
}

Secret pbkdf2_sha256(const Secret& passphrase, ByteView salt, std::uint32_t iterations,
                     std::size_t bytes_count) {
  Bytes out(bytes_count);
  const std::string_view text = as_text(passphrase.reveal());
  GHMESH_CHECK(PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()), raw(salt),
                                 static_cast<int>(salt.size()), static_cast<int>(iterations),
                                 EVP_sha256(), static_cast<int>(out.size()),
                                 raw(MutableByteView(out))) == 1);
  Secret key{ByteView(out)};
  wipe(out);
  return key;
}

}  // namespace ghmesh::crypto
