// The checksums that clients send and ask for: MD5 (the ETag), and what x-amz-checksum-* names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "s3/md5.h"

struct evp_md_ctx_st;

namespace graft::s3 {

enum class Algorithm { crc32, crc32c, crc64nvme, sha1, sha256, md5 };

// "CRC32", as x-amz-checksum-algorithm says it; any case. Nothing for what is no such name; MD5 has none.
std::optional<Algorithm> find_algorithm(std::string_view name);
std::string_view name_of(Algorithm algorithm);     // "CRC32"
std::string_view header_of(Algorithm algorithm);   // "x-amz-checksum-crc32"
std::string_view element_of(Algorithm algorithm);  // "ChecksumCRC32"
// Those with a header, in this order.
const std::vector<Algorithm>& checksum_algorithms();
// Whether checksums of parts combine to that of the whole.
bool combines(Algorithm algorithm);

// Of content that comes in pieces.
class Hasher {
 public:
  explicit Hasher(Algorithm algorithm);
  ~Hasher();
  Hasher(Hasher&& other) noexcept;
  Hasher& operator=(Hasher&&) = delete;

  void update(ByteView bytes);
  // The checksum's bytes, the most significant first. Once, last.
  std::string finish();
  Algorithm algorithm() const { return algorithm_; }

 private:
  Algorithm algorithm_;
  std::uint64_t crc_ = 0;
  Md5 md5_{};
  evp_md_ctx_st* context_ = nullptr;
};

std::string digest_of(Algorithm algorithm, ByteView bytes);

std::string base64(std::string_view bytes);
// Nothing where it is none.
std::optional<std::string> from_base64(std::string_view text);
std::string to_hex(std::string_view bytes);
// REQUIRES: as to_hex() gives it.
std::string from_hex(std::string_view text);

}  // namespace graft::s3
