#include "s3/soundness.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "s3/crc.h"

namespace graft::s3 {
namespace {

constexpr std::uint64_t kMostSize = 16 << 20;
constexpr std::size_t kMostKnown = 100'000, kBuffer = 256 << 10;

// Nothing where the file has another size.
std::optional<std::uint32_t> crc_of(const Descriptor& content, std::uint64_t size) {
  Bytes buffer(std::min<std::uint64_t>(size, kBuffer));
  std::uint32_t crc = 0;
  for (std::uint64_t done = 0; done < size;) {
    const ssize_t count = ::pread(content.fd, buffer.data(), std::min<std::uint64_t>(buffer.size(), size - done),
                                  static_cast<off_t>(done));
    if (count <= 0) return std::nullopt;
    crc = crc32c(crc, ByteView(buffer).first(static_cast<std::size_t>(count)));
    done += static_cast<std::uint64_t>(count);
  }
  return crc;
}

}  // namespace

void Soundness::check(FileId file, const Descriptor& content, std::uint64_t size, std::uint32_t crc32c) {
  if (size > kMostSize) return;
  {
    const std::lock_guard lock(mutex_);
    if (sound_.contains(file)) return;
  }
  if (crc_of(content, size) != crc32c) {
    fail(Kind::internal, "the file ", std::hex, file, " of the object store is damaged on the disk");
  }
  const std::lock_guard lock(mutex_);
  if (sound_.size() >= kMostKnown) sound_.clear();
  sound_.insert(file);
}

}  // namespace graft::s3
