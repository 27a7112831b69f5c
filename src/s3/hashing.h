// Everything that is computed of a content while it passes. Of a large one on a thread of its own: MD5 alone takes as
// long as receiving and writing the bytes do.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "s3/checksum.h"

namespace graft::s3 {

// Not thread-safe.
class Hashing {
 public:
  // MD5 and CRC32C always, and one more.
  explicit Hashing(std::optional<Algorithm> algorithm);
  ~Hashing();
  Hashing(const Hashing&) = delete;
  Hashing& operator=(const Hashing&) = delete;

  void update(ByteView piece);
  // The same, on another thread: `piece` must stay as it is until the next call returns.
  void update_behind(ByteView piece);

  // Once, last.
  struct Digests {
    std::string md5{};  // its 16 bytes
    std::uint32_t crc32c = 0;
    std::string checksum{};  // of the algorithm, in base64; empty where there is none
  };
  Digests finish();

 private:
  void run();
  void wait_idle(std::unique_lock<std::mutex>& lock);

  std::optional<Algorithm> algorithm_;
  Hasher md5_{Algorithm::md5}, crc32c_{Algorithm::crc32c};
  std::optional<Hasher> extra_{};

  std::mutex mutex_{};
  std::condition_variable changed_{};
  ByteView waiting_{};     // guarded by mutex_; empty: there is nothing to do
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_{};
};

}  // namespace graft::s3
