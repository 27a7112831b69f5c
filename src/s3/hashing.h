// Everything that is computed of a content while it passes. Of a large one by threads of their own: MD5 alone takes
// longer than receiving and writing the bytes do. Contents that come at the same time are digested side by side.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "s3/checksum.h"

namespace graft::s3 {

class Hashing;

// The threads, of all large contents. Thread-safe.
class HashThreads {
 public:
  HashThreads();
  ~HashThreads();
  HashThreads(const HashThreads&) = delete;
  HashThreads& operator=(const HashThreads&) = delete;

 private:
  friend class Hashing;
  void run();
  bool is_due() const;
  std::vector<Hashing*> take();

  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::deque<Hashing*> ready_{};  // guarded by mutex_, as what follows: those with a piece that nobody is at
  std::size_t idle_ = 0;          // threads
  std::size_t contents_ = 0;      // that come to be digested here and that no thread is at
  bool stopping_ = false;
  std::vector<std::thread> threads_{};
};

// Of one content. Not thread-safe.
class Hashing {
 public:
  // MD5 and CRC32C always, and one more.
  Hashing(HashThreads& threads, std::optional<Algorithm> algorithm);
  ~Hashing();
  Hashing(const Hashing&) = delete;
  Hashing& operator=(const Hashing&) = delete;

  void update(ByteView piece);
  // The same, on another thread: `piece` must stay as it is until wait() has said that it is done.
  void update_behind(ByteView piece);
  // Waits until no more than `left` of the pieces that were given last are not done.
  void wait(std::size_t left);

  // Once, last.
  struct Digests {
    std::string md5{};  // its 16 bytes
    std::uint32_t crc32c = 0;
    std::string checksum{};  // of the algorithm, in base64; empty where there is none
  };
  Digests finish();

 private:
  friend class HashThreads;
  void update_others(ByteView piece);
  void leave();

  HashThreads& threads_;
  std::optional<Algorithm> algorithm_;
  Md5 md5_{};
  Hasher crc32c_{Algorithm::crc32c};
  std::optional<Hasher> extra_{};

  // Guarded by the threads' mutex.
  std::vector<ByteView> pieces_{};  // not done; a thread is at the first one where `taken_`
  bool taken_ = false, waits_ = false, entered_ = false;
  std::condition_variable done_{};
};

}  // namespace graft::s3
