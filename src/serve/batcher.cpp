#include "serve/batcher.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

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

void Batcher::submit(Image picture, Done done, Dropped dropped) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(picture), std::move(done), std::move(dropped), Clock::now()});
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
    answer(wanted(std::move(batch)), outputs);
    lock.lock();
  }
}

// The batch without the pictures that were dropped.
std::deque<Batcher::Waiting> Batcher::wanted(std::deque<Waiting> batch) {
  const auto is_wanted = [](const Waiting& each) { return !each.dropped || !*each.dropped; };
  const auto first_dropped = std::stable_partition(batch.begin(), batch.end(), is_wanted);
  const auto error = std::make_exception_ptr(Error(Kind::unavailable, "", "nobody waits for the answer any more"));
  std::for_each(first_dropped, batch.end(), [&](Waiting& each) { each.done({}, error); });
  batch.erase(first_dropped, batch.end());
  return batch;
}

void Batcher::answer(std::deque<Waiting> batch, std::vector<float>& outputs) {
  if (batch.empty()) return;
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
