// Reads everything that is stored, slowly, over and over, and compares it with its CRC32C: what a disk loses without a
// word is found before somebody needs it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "s3/files.h"
#include "s3/index.h"
#include "s3/soundness.h"

namespace graft::s3 {

struct ScrubRate {
  std::uint64_t bytes = 16 << 20;  // a second
  std::chrono::seconds wait{60};   // after a start
  std::chrono::hours rest{24};     // between the end of one round and the next one
};

class Scrubber {
 public:
  // On a thread of its own. Where it is, is kept in the index: a round goes on after a start.
  Scrubber(Index& index, Files& files, Soundness& soundness, const ScrubRate& rate = {});
  ~Scrubber();
  Scrubber(const Scrubber&) = delete;
  Scrubber& operator=(const Scrubber&) = delete;

  // Verifies what comes next. False at the end of a round. What the thread does; tests do it themselves.
  bool scrub_some();

 private:
  struct Item;
  void run();
  void check(const Item& item);
  void check_file(const Item& item);
  bool is_named(const Item& item);
  // False when it is to stop.
  bool pause(std::chrono::nanoseconds time);
  // The same, for as long as reading so many bytes may take.
  bool pay(std::uint64_t bytes);

  Index& index_;
  Files& files_;
  Soundness& soundness_;
  const ScrubRate rate_;
  std::chrono::nanoseconds owed_{0};
  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace graft::s3
