// What keys and signatures are made of and compared with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace graft {

// Keyed digests (RFC 2104).
Digest hmac_sha256(std::string_view key, std::string_view message);
Digest hmac_sha256(const Digest& key, std::string_view message);
std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view message);

// Takes as long wherever the two differ. Lengths are no secret.
bool same_secret(ByteView a, ByteView b);
bool same_secret(std::string_view a, std::string_view b);

// So many characters of the alphabet, each as likely as any other and known to nobody else.
std::string random_text(std::string_view alphabet, std::size_t length);

// RFC 4648 4.
std::string encode_base64(ByteView bytes);

}  // namespace graft
