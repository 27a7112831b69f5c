#include "remote/digests.h"

#include <openssl/evp.h>

#include <algorithm>
#include <new>
#include <vector>

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

// One promise of the head.
struct Promise {
  std::string name;
  Bytes expected;
  std::shared_ptr<void> context;
};

Promise promise(std::string name, Bytes expected, const EVP_MD* kind) {
  return {std::move(name), std::move(expected), start(kind)};
}

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
  if (is_md5(etag) && !has_foreign_etag(head)) promises.push_back(promise("its ETag", md5_bytes(etag), EVP_md5()));
  // A checksum of the parts' checksums.
  if (find_header(head, "x-amz-checksum-type") == "COMPOSITE") return;
  const auto add = [&](const char* header, const EVP_MD* kind) {
    const auto expected = decoded(find_header(head, header).value_or(""));
    if (expected.size() != static_cast<std::size_t>(EVP_MD_get_size(kind))) return;
    promises.push_back(promise(text("its header ", header), expected, kind));
  };
  add("x-amz-checksum-sha256", EVP_sha256());
  add("x-amz-checksum-sha1", EVP_sha1());
}

BodyCheck::~BodyCheck() = default;

void BodyCheck::update(ByteView bytes) {
  for (const Promise& each : state_->promises) {
    EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(each.context.get()), bytes.data(), bytes.size());
  }
}

std::string BodyCheck::finish() {
  for (const Promise& each : state_->promises) {
    if (end(each.context.get()) != each.expected) return each.name;
  }
  return "";
}

}  // namespace graft
