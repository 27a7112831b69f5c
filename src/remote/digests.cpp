#include "remote/digests.h"

#include <openssl/evp.h>

#include <algorithm>
#include <new>
#include <vector>

#include "base/crc.h"
#include "base/error.h"
#include "http/base64.h"

namespace graft {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

std::shared_ptr<void> start(const EVP_MD* kind) {
  std::shared_ptr<EVP_MD_CTX> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), kind, nullptr) != 1) throw std::bad_alloc();
  return context;
}

Bytes end(void* context) {
  Bytes digest(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context), reinterpret_cast<unsigned char*>(digest.data()), &size);
  digest.resize(size);
  return digest;
}

std::string hex_text(ByteView bytes) {
  std::string out;
  for (const std::byte byte : bytes) {
    out += kDigits[std::to_integer<unsigned>(byte) >> 4];
    out += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return out;
}

using CrcOf = std::uint64_t (*)(std::uint64_t crc, ByteView bytes);

// One promise of the head: of a digest, or of a CRC.
struct Promise {
  std::string name;
  Bytes expected;
  std::shared_ptr<void> context{};
  CrcOf crc_of = nullptr;
  std::uint64_t crc = 0;

  void update(ByteView bytes) {
    if (crc_of) {
      crc = crc_of(crc, bytes);
    } else {
      EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context.get()), bytes.data(), bytes.size());
    }
  }
  bool is_kept() const {
    if (!crc_of) return end(context.get()) == expected;
    std::uint64_t number = 0;
    for (const std::byte byte : expected) number = number << 8 | std::to_integer<std::uint64_t>(byte);
    return number == crc;
  }
};

// Nothing for what is no base64, such as "...-3" of an object in three parts.
Bytes decoded(std::string_view words) {
  try {
    return decode_base64(words);
  } catch (const Error&) {
    return {};
  }
}

// With the store's own keys an ETag is no digest of the content.
bool has_foreign_etag(const Headers& head) {
  return find_header(head, "x-amz-server-side-encryption").value_or("").starts_with("aws:kms") ||
         find_header(head, "x-amz-server-side-encryption-customer-algorithm");
}

}  // namespace

Md5::Md5() : context_(start(EVP_md5())) {}

void Md5::update(ByteView bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size());
}

std::string Md5::finish() {
  return hex_text(end(context_.get()));
}

Bytes md5_bytes(std::string_view digits) {
  const auto value = [](char c) { return static_cast<unsigned>(std::find(kDigits, kDigits + 16, c) - kDigits); };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(value(digits[i]) * 16 + value(digits[i + 1])));
  }
  return bytes;
}

bool is_md5(std::string_view etag) {
  return etag.size() == 32 && etag.find_first_not_of(kDigits) == std::string_view::npos;
}

struct BodyCheck::State {
  std::vector<Promise> promises;
};

BodyCheck::BodyCheck(const Headers& head) : state_(std::make_unique<State>()) {
  std::vector<Promise>& promises = state_->promises;
  std::string etag(find_header(head, "ETag").value_or(""));
  std::erase(etag, '"');
  if (is_md5(etag) && !has_foreign_etag(head)) promises.push_back({"its ETag", md5_bytes(etag), start(EVP_md5())});
  // A checksum of the parts' checksums.
  if (find_header(head, "x-amz-checksum-type") == "COMPOSITE") return;
  const auto add = [&](const char* header, std::size_t size, const EVP_MD* kind, CrcOf crc_of) {
    const auto expected = decoded(find_header(head, header).value_or(""));
    if (expected.size() != size) return;
    promises.push_back({text("its header ", header), expected, kind ? start(kind) : nullptr, crc_of});
  };
  add("x-amz-checksum-sha256", 32, EVP_sha256(), nullptr);
  add("x-amz-checksum-sha1", 20, EVP_sha1(), nullptr);
  add("x-amz-checksum-crc32", 4, nullptr,
      [](std::uint64_t crc, ByteView bytes) -> std::uint64_t { return crc32(static_cast<std::uint32_t>(crc), bytes); });
  add("x-amz-checksum-crc32c", 4, nullptr, [](std::uint64_t crc, ByteView bytes) -> std::uint64_t {
    return crc32c(static_cast<std::uint32_t>(crc), bytes);
  });
  add("x-amz-checksum-crc64nvme", 8, nullptr, crc64nvme);
}

BodyCheck::~BodyCheck() = default;

void BodyCheck::update(ByteView bytes) {
  for (Promise& each : state_->promises) each.update(bytes);
}

std::string BodyCheck::finish() {
  for (const Promise& each : state_->promises) {
    if (!each.is_kept()) return each.name;
  }
  return "";
}

}  // namespace graft
