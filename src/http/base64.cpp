#include "http/base64.h"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace graft {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// OpenSSL does not say where, and overlooks spaces at both ends and padding in the middle.
void check_digits(std::string_view digits) {
  const std::size_t bad = digits.find_first_not_of(kDigits);
  require(bad == std::string_view::npos, "base64: byte ", bad, " is none of its digits");
}

}  // namespace

Bytes decode_base64(std::string_view text) {
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::string_view digits = text.substr(0, text.size() - padding);
  const std::size_t pad_free = std::min(digits.find('='), digits.size());
  require(text.size() <= std::numeric_limits<int>::max(), "base64: longer than 2 GiB");
  if (text.size() % 4 != 0 || pad_free != digits.size()) {
    check_digits(digits);
    fail(Kind::invalid, "base64: ends at byte ", text.size(), ", which is no multiple of 4; pad it with '='");
  }
  Bytes bytes(text.size() / 4 * 3);
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0 || static_cast<std::size_t>(length) != bytes.size()) check_digits(digits);
  require(length >= 0 && static_cast<std::size_t>(length) == bytes.size(), "base64: not decodable");
  bytes.erase(bytes.end() - static_cast<std::ptrdiff_t>(padding), bytes.end());
  if (padding > 0) {
    const std::size_t last = kDigits.find(digits.back());
    require(last % (padding == 2 ? 16 : 4) == 0, "base64: byte ", digits.size() - 1, " has bits that are not used");
  }
  return bytes;
}

}  // namespace graft
