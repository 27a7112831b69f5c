// Pictures that wait are computed together.
//
// Two batches are under way at a time: while one is computed and answered the next is already there, so that the plan's
// streams are never without work. Batches grow by themselves under load, as whatever came meanwhile is the next one.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "image/image.h"

namespace graft {

// A batch that was computed, for metrics.
struct BatchTimes {
  std::vector<std::chrono::duration<double>> waited{};  // of each picture
  std::chrono::duration<double> computed{};
};

struct BatcherOptions {
  std::size_t most = 32;  // pictures in a batch
  // How long a picture waits for others to join it where it could be computed at once; 0 never keeps one waiting.
  std::chrono::microseconds delay{0};
  std::size_t output_length = 0;  // of one picture
  std::function<void(const BatchTimes&)> observe{};
};

// Thread-safe.
class Batcher {
 public:
  using Compute = std::function<void(std::span<const Image> pictures, std::span<float> outputs)>;
  // `output` is the picture's own, or empty and `error` is what computing its batch threw. Called once, from a thread
  // of the batcher: it must not throw, and while it runs half of the batcher stands still.
  using Done = std::function<void(std::span<const float> output, std::exception_ptr error)>;
  // Set when nobody waits for the picture any more: where it is not being computed yet it is not computed, and its
  // error is of Kind::unavailable.
  using Dropped = std::shared_ptr<const std::atomic<bool>>;

  Batcher(BatcherOptions options, Compute compute);
  // Computes what waits.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  void submit(Image picture, Done done, Dropped dropped = nullptr);

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    Image picture;
    Done done;
    Dropped dropped;
    Clock::time_point since;
  };
  void serve();
  std::deque<Waiting> take();
  static std::deque<Waiting> wanted(std::deque<Waiting> batch);
  void answer(std::deque<Waiting> batch, std::vector<float>& outputs);

  const BatcherOptions options_;
  const Compute compute_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace graft
