// Things that somebody is to look at: each by one thread at a time, and again when it was named meanwhile.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace graft {

class Errands {
 public:
  using Key = std::pair<std::string, std::string>;  // account and name
  // `look` may run for long; it looks at stopping() then. What it throws is logged, and the key is dropped.
  Errands(std::size_t threads, std::function<void(const Key&)> look);
  // stop()
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  // Thread-safe. Before start() keys are kept.
  void add(const Key& key);
  void start();
  // Waits for what is being looked at; the rest is dropped.
  void stop();
  bool stopping() const;
  // Waits so long, or until stop() is called.
  void pause(double seconds);

 private:
  void run();

  const std::size_t count_;
  const std::function<void(const Key&)> look_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Key> waiting_{};  // guarded by mutex_
  std::set<Key> running_{};    // guarded by mutex_
  bool stopping_ = false;      // guarded by mutex_
  std::vector<std::jthread> threads_{};
};

}  // namespace graft
