// Whether files still hold what was written into them.
#pragma once

#include <functional>
#include <mutex>
#include <unordered_set>

#include "s3/files.h"

namespace graft::s3 {

// Whether the first `size` bytes are there and have this CRC32C. `read` is told of every piece that was read, and says
// whether to go on; false is the answer where it does not.
bool is_sound(const Descriptor& content, std::uint64_t size, std::uint32_t crc32c,
              const std::function<bool(std::uint64_t offset, std::size_t size)>& read = {});

// What was found out about files. Thread-safe.
class Soundness {
 public:
  // Reads the file and compares its CRC32C, the first time that it is asked about it. Larger ones than 16 MiB are taken
  // for sound, unless the scrubber has found otherwise: who reads them would wait. Throws Kind::internal.
  void check(FileId file, const Descriptor& content, std::uint64_t size, std::uint32_t crc32c);
  // Whether this is news.
  bool found_damaged(FileId file);

 private:
  std::mutex mutex_;
  std::unordered_set<FileId> sound_, damaged_;  // guarded by mutex_
};

}  // namespace graft::s3
