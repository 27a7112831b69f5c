#include "identity/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/error.h"

namespace graft {
namespace {

template <std::size_t kSize>
std::array<std::uint8_t, kSize> hmac(const EVP_MD* digest, ByteView key, std::string_view message) {
  std::array<std::uint8_t, kSize> out{};
  unsigned int size = kSize;
  const auto* text = reinterpret_cast<const unsigned char*>(message.data());
  if (!HMAC(digest, key.data(), static_cast<int>(key.size()), text, message.size(), out.data(), &size)) {
    fail(Kind::internal, "OpenSSL computed no keyed digest");
  }
  return out;
}

}  // namespace

Digest hmac_sha256(std::string_view key, std::string_view message) {
  return hmac<32>(EVP_sha256(), as_bytes(key), message);
}

Digest hmac_sha256(const Digest& key, std::string_view message) {
  return hmac<32>(EVP_sha256(), std::as_bytes(std::span(key)), message);
}

std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view message) {
  return hmac<20>(EVP_sha1(), as_bytes(key), message);
}

bool same_secret(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool same_secret(std::string_view a, std::string_view b) {
  return same_secret(as_bytes(a), as_bytes(b));
}

std::string random_text(std::string_view alphabet, std::size_t length) {
  const std::size_t fair = 256 / alphabet.size() * alphabet.size();  // a byte beyond it would favour the first letters
  std::string out;
  while (out.size() < length) {
    unsigned char byte = 0;
    if (RAND_bytes(&byte, 1) != 1) fail(Kind::unavailable, "the system gives no random numbers for a key");
    if (byte < fair) out += alphabet[byte % alphabet.size()];
  }
  return out;
}

std::string encode_base64(ByteView bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, 0);  // with the zero that OpenSSL puts behind it
  const auto* begin = reinterpret_cast<const unsigned char*>(bytes.data());
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), begin, static_cast<int>(bytes.size()));
  out.pop_back();
  return out;
}

}  // namespace graft
