// The threads that a plan computes on: one for each core, which never wait for each other.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace graft {

// Thread-safe.
class Streams {
 public:
  // Where there are as many streams as cores, each is pinned to one: its data then stays in that core's cache. Fewer
  // leave the choice to the system, so that two programs do not share a core while another one is idle.
  explicit Streams(int count);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // Calls body(stream, i) for every i below `count`, each by the next stream that is free, and waits for all. Jobs are
  // served in the order they came. The first exception is rethrown here, after which no further i is begun.
  void run(std::size_t count, const std::function<void(std::size_t stream, std::size_t i)>& body);

  std::size_t size() const { return threads_.size(); }

 private:
  struct Job {
    std::size_t count, begun = 0, done = 0;
    const std::function<void(std::size_t, std::size_t)>& body;
    std::exception_ptr error{};
  };
  void serve(std::size_t stream, int core);

  std::mutex mutex_;  // guards what follows
  std::condition_variable begin_, end_;
  std::deque<Job*> jobs_;  // with parts that nobody has begun
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace graft
