#include "s3/soundness.h"

#include <unistd.h>

#include <algorithm>

#include "base/crc.h"
#include "base/error.h"

namespace graft::s3 {
namespace {

constexpr std::uint64_t kMostSize = 16 << 20;
constexpr std::size_t kMostKnown = 100'000, kBuffer = 256 << 10;

}  // namespace

bool is_sound(const Descriptor& content, std::uint64_t size, std::uint32_t expected,
              const std::function<bool(std::uint64_t, std::size_t)>& read) {
  Bytes buffer(std::min<std::uint64_t>(size, kBuffer));
  std::uint32_t crc = 0;
  for (std::uint64_t done = 0; done < size;) {
    const ssize_t got = ::pread(content.fd, buffer.data(), std::min<std::uint64_t>(buffer.size(), size - done),
                                static_cast<off_t>(done));
    if (got <= 0) return false;
    const auto count = static_cast<std::size_t>(got);
    crc = crc32c(crc, ByteView(buffer).first(count));
    if (read && !read(done, count)) return false;
    done += count;
  }
  return crc == expected;
}

void Soundness::check(FileId file, const Descriptor& content, std::uint64_t size, std::uint32_t crc32c) {
  bool damaged = false;
  {
    const std::lock_guard lock(mutex_);
    damaged = damaged_.contains(file);
    if (!damaged && (size > kMostSize || sound_.contains(file))) return;
  }
  if (damaged || !is_sound(content, size, crc32c)) {
    fail(Kind::internal, "the file ", std::hex, file, " of the object store is damaged on the disk");
  }
  const std::lock_guard lock(mutex_);
  if (sound_.size() >= kMostKnown) sound_.clear();
  sound_.insert(file);
}

bool Soundness::found_damaged(FileId file) {
  const std::lock_guard lock(mutex_);
  sound_.erase(file);
  if (damaged_.size() >= kMostKnown) damaged_.clear();
  return damaged_.insert(file).second;
}

}  // namespace graft::s3
