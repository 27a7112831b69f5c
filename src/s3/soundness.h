// Whether files still hold what was written into them.
#pragma once

#include <mutex>
#include <unordered_set>

#include "s3/files.h"

namespace graft::s3 {

// Thread-safe.
class Soundness {
 public:
  // Reads the file and compares its CRC32C, the first time that it is asked about it. Larger ones than 16 MiB are taken
  // for sound: who reads them would wait. Throws Kind::internal.
  void check(FileId file, const Descriptor& content, std::uint64_t size, std::uint32_t crc32c);

 private:
  std::mutex mutex_;
  std::unordered_set<FileId> sound_;  // guarded by mutex_
};

}  // namespace graft::s3
