// A body on its way into the store: it is written, digested and checked as it comes, through a few buffers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "s3/call.h"
#include "s3/checksum.h"
#include "s3/copy_source.h"

namespace graft::s3 {

inline constexpr std::uint64_t kMostInOnePut = std::uint64_t{5} << 30;

struct Received {
  std::uint64_t size = 0;
  std::string md5{};  // its 16 bytes
  std::uint32_t crc32c = 0;
  std::string bytes{};            // of what is small
  std::optional<NewFile> file{};  // of what is not; on disk
  std::optional<Algorithm> algorithm{};
  std::string checksum{};  // of `algorithm`, in base64

  Headers checksums() const;
};

// What S3 lets a request say of its body, checked: Content-MD5, x-amz-checksum-* as a header or behind the body.
// `algorithm` is digested too where the request names none. With `as_file` small contents become files as well.
// Throws BadDigest, InvalidDigest, EntityTooLarge.
struct ReceiveOptions {
  std::optional<Algorithm> algorithm{};
  bool as_file = false;
  const Assemblies::Place* place = nullptr;  // where the file is; else it is a new one
  std::uint64_t most = kMostInOnePut;
};
Received receive(Call& call, const ReceiveOptions& options = {});

// A part of an object that is there, into a file.
Received copy_range(Store& store, const CopySource& source, std::uint64_t offset, std::uint64_t length,
                    const ReceiveOptions& options);

// A body that is read into memory: XML, at most `most` bytes, checked in the same way. Throws MaxMessageLengthExceeded.
std::string receive_text(Call& call, std::size_t most);
// The same, where the request's checksums are not of its body.
std::string receive_plain_text(Call& call, std::size_t most);

}  // namespace graft::s3
