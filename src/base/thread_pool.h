// A fixed number of threads that run tasks in the order they came.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace graft {

class ThreadPool {
 public:
  explicit ThreadPool(std::size_t threads);
  // Runs what is queued, then stops.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Thread-safe. An exception of `work` comes out of the future's get().
  template <typename Work>
  auto submit(Work work) -> std::future<decltype(work())> {
    auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
    auto result = task->get_future();
    push([task] { (*task)(); });
    return result;
  }
  std::size_t size() const { return threads_.size(); }

 private:
  void push(std::function<void()> task);
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

// Cores this process may run on (its affinity and cgroup say; at least 1).
std::size_t available_cores();

// Calls body(i) for every i below count on up to `threads` threads and waits for all. The first exception is rethrown
// here, after which no further i is begun.
void parallel_for(std::size_t count, std::size_t threads, const std::function<void(std::size_t)>& body);

}  // namespace graft
