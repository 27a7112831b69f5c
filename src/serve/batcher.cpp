#include "serve/batcher.h"

#include <algorithm>
#include <utility>

namespace graft {
namespace {

constexpr int kUnderWay = 2;

}  // namespace

Batcher::Batcher(BatcherOptions options, Compute compute) : options_(std::move(options)), compute_(std::move(compute)) {
  for (int i = 0; i < kUnderWay; ++i) threads_.emplace_back([this] { serve(); });
}

Batcher::~Batcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

void Batcher::submit(Image picture, Done done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(picture), std::move(done), Clock::now()});
  }
  changed_.notify_one();
}

// REQUIRES: mutex_ is locked.
std::deque<Batcher::Waiting> Batcher::take() {
  if (waiting_.size() <= options_.most) return std::exchange(waiting_, {});
  std::deque<Waiting> batch;
  for (; batch.size() < options_.most; waiting_.pop_front()) batch.push_back(std::move(waiting_.front()));
  return batch;
}

void Batcher::serve() {
  std::vector<float> outputs;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const auto deadline = waiting_.front().since + options_.delay;
    if (!stopping_ && waiting_.size() < options_.most && Clock::now() < deadline) {
      changed_.wait_until(lock, deadline);
      continue;
    }
    std::deque<Waiting> batch = take();
    // The call that woke this thread may have been meant for what is left.
    if (!waiting_.empty()) changed_.notify_one();
    lock.unlock();
    answer(std::move(batch), outputs);
    lock.lock();
  }
}

void Batcher::answer(std::deque<Waiting> batch, std::vector<float>& outputs) {
  const auto begin = Clock::now();
  BatchTimes times;
  std::vector<Image> pictures;
  for (Waiting& each : batch) {
    pictures.push_back(std::move(each.picture));
    times.waited.push_back(begin - each.since);
  }
  outputs.resize(batch.size() * options_.output_length);
  std::exception_ptr error;
  try {
    compute_(pictures, outputs);
  } catch (...) {
    error = std::current_exception();
  }
  times.computed = Clock::now() - begin;
  if (options_.observe) options_.observe(times);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::span<const float> output(&outputs[i * options_.output_length], options_.output_length);
    batch[i].done(error ? std::span<const float>() : output, error);
  }
}

}  // namespace graft
