#include "s3/checksum.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/crc.h"
#include "base/error.h"
#include "http/base64.h"
#include "http/url.h"
#include "identity/secret.h"

namespace graft::s3 {
namespace {

struct Line {
  std::string_view name, header, element;
  std::size_t bytes;
};

// By the order of Algorithm.
constexpr std::array<Line, 6> kAlgorithms{{
    {"CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", 4},
    {"CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4},
    {"CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", 8},
    {"SHA1", "x-amz-checksum-sha1", "ChecksumSHA1", 20},
    {"SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", 32},
    {"MD5", "Content-MD5", "", 16},
}};

const Line& line_of(Algorithm algorithm) {
  return kAlgorithms[static_cast<std::size_t>(algorithm)];
}

const EVP_MD* method_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::sha1:
      return EVP_sha1();
    case Algorithm::sha256:
      return EVP_sha256();
    default:
      return nullptr;
  }
}

bool same_name(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return upper(x) == upper(y); });
}

}  // namespace

std::optional<Algorithm> find_algorithm(std::string_view name) {
  for (const Algorithm algorithm : checksum_algorithms()) {
    if (same_name(name_of(algorithm), name)) return algorithm;
  }
  return std::nullopt;
}

std::string_view name_of(Algorithm algorithm) {
  return line_of(algorithm).name;
}

std::string_view header_of(Algorithm algorithm) {
  return line_of(algorithm).header;
}

std::string_view element_of(Algorithm algorithm) {
  return line_of(algorithm).element;
}

const std::vector<Algorithm>& checksum_algorithms() {
  static const std::vector<Algorithm> all{Algorithm::crc32, Algorithm::crc32c, Algorithm::crc64nvme, Algorithm::sha1,
                                          Algorithm::sha256};
  return all;
}

bool combines(Algorithm algorithm) {
  return algorithm == Algorithm::crc32 || algorithm == Algorithm::crc32c || algorithm == Algorithm::crc64nvme;
}

Hasher::Hasher(Algorithm algorithm) : algorithm_(algorithm) {
  const EVP_MD* method = method_of(algorithm);
  if (!method) return;
  context_ = EVP_MD_CTX_new();
  if (!context_ || EVP_DigestInit_ex(context_, method, nullptr) != 1) {
    EVP_MD_CTX_free(context_);
    fail(Kind::internal, "OpenSSL cannot begin ", name_of(algorithm));
  }
}

Hasher::~Hasher() {
  EVP_MD_CTX_free(context_);
}

Hasher::Hasher(Hasher&& other) noexcept
    : algorithm_(other.algorithm_),
      crc_(other.crc_),
      md5_(other.md5_),
      context_(std::exchange(other.context_, nullptr)) {}

void Hasher::update(ByteView bytes) {
  switch (algorithm_) {
    case Algorithm::crc32:
      crc_ = crc32(static_cast<std::uint32_t>(crc_), bytes);
      break;
    case Algorithm::crc32c:
      crc_ = crc32c(static_cast<std::uint32_t>(crc_), bytes);
      break;
    case Algorithm::crc64nvme:
      crc_ = crc64nvme(crc_, bytes);
      break;
    case Algorithm::md5:
      md5_.update(bytes);
      break;
    default:
      EVP_DigestUpdate(context_, bytes.data(), bytes.size());
  }
}

std::string Hasher::finish() {
  if (algorithm_ == Algorithm::md5) return md5_.finish();
  std::string digest(line_of(algorithm_).bytes, '\0');
  if (context_) {
    EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return digest;
  }
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<char>(crc_ >> (8 * (digest.size() - 1 - i)));
  return digest;
}

std::string digest_of(Algorithm algorithm, ByteView bytes) {
  Hasher hasher(algorithm);
  hasher.update(bytes);
  return hasher.finish();
}

std::string base64(std::string_view bytes) {
  return encode_base64(as_bytes(bytes));
}

std::optional<std::string> from_base64(std::string_view text) {
  try {
    return std::string(as_text(decode_base64(text)));
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string to_hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<std::uint8_t>(c) >> 4];
    text += kDigits[static_cast<std::uint8_t>(c) & 15];
  }
  return text;
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(hex_digit(text[i]) * 16 + hex_digit(text[i + 1]));
  }
  return bytes;
}

}  // namespace graft::s3
