// What all threads of hosting wait on: something happened to a process, an endpoint or a wish. Rung seldom, so one is
// enough for all, and none who waits has to know who would tell it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace graft {

class Bell {
 public:
  // REQUIRES: the caller holds no lock that a predicate takes.
  void ring() {
    { const std::lock_guard lock(mutex_); }
    rung_.notify_all();
  }

  // Whether `predicate` came true in time.
  template <typename Predicate>
  bool wait_until(std::chrono::steady_clock::time_point deadline, Predicate predicate) {
    std::unique_lock lock(mutex_);
    return rung_.wait_until(lock, deadline, std::move(predicate));
  }

 private:
  std::mutex mutex_;
  std::condition_variable rung_;
};

}  // namespace graft
