// Threads that may wait, as many as there is work for at once: for requests whose handlers read bodies and files.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "http/exchange.h"

namespace graft {

class Workers {
 public:
  // `most` threads at once; one that has had nothing to do for `idle` ends.
  explicit Workers(std::size_t most = 256, std::chrono::milliseconds idle = std::chrono::milliseconds(10'000));
  // Waits for what runs.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Runs it at once on a thread of its own. False, and nothing is done, when all are busy. Thread-safe. What `task`
  // throws is logged.
  bool start(std::function<void()> task);

 private:
  void run();

  const std::size_t most_;
  const std::chrono::milliseconds idle_time_;
  std::mutex mutex_;
  std::condition_variable work_, ended_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> queue_;  // never more than idle_
  std::size_t threads_ = 0, idle_ = 0;
  bool stopping_ = false;
};

// Has each exchange served by a thread of `workers`, which must live longer than the server. What `serve` throws is
// answered by error_response(). When all threads are busy the answer is 503, "SlowDown", which clients take as the
// advice to try again.
ExchangeHandler on_workers(Workers& workers, ExchangeHandler serve);

}  // namespace graft
