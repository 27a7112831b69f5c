#include "dist/reducer.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Called when a parameter's gradient is complete.
class ReadyHook final : public torch::autograd::FunctionPostHook {
 public:
  explicit ReadyHook(std::function<void()> call) : call_(std::move(call)) {}
  torch::autograd::variable_list operator()(const torch::autograd::variable_list& outputs,
                                            const torch::autograd::variable_list&) override {
    call_();
    return outputs;
  }

 private:
  std::function<void()> call_;
};

struct Slice {
  torch::Tensor parameter;
  torch::Tensor view;  // of the bucket, in the parameter's layout
  std::shared_ptr<torch::autograd::Node> accumulator;
};

struct Bucket {
  torch::Tensor flat;
  std::vector<Slice> slices;
  std::size_t missing = 0;
  BucketTimes times{};
};

}  // namespace

// The thread that sums, and what it shares with the one that computes.
class Reducer::State {
 public:
  State(Group& group, const ReducerOptions& options) : group_(group), options_(options) {}

  ~State() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void add(const torch::Tensor& parameter) {
    const auto bytes = static_cast<std::size_t>(parameter.numel()) * sizeof(float);
    if (buckets_.empty() || filled_ + bytes > options_.bucket_bytes) {
      buckets_.emplace_back();
      filled_ = 0;
    }
    filled_ += bytes;
    buckets_.back().slices.push_back({parameter, {}, torch::autograd::impl::grad_accumulator(parameter)});
  }

  // Lays the buckets out and hooks the parameters.
  void finish_layout(const std::weak_ptr<State>& self) {
    for (std::size_t b = 0; b < buckets_.size(); ++b) {
      Bucket& bucket = buckets_[b];
      std::int64_t length = 0;
      for (const Slice& slice : bucket.slices) length += slice.parameter.numel();
      bucket.flat = torch::zeros({length}, bucket.slices.front().parameter.options().requires_grad(false));
      bucket.times.bytes = static_cast<std::size_t>(length) * (options_.bf16 ? 2 : 4);
      std::int64_t offset = 0;
      for (std::size_t s = 0; s < bucket.slices.size(); ++s) {
        Slice& slice = bucket.slices[s];
        slice.view = bucket.flat.as_strided(slice.parameter.sizes(), slice.parameter.strides(), offset);
        offset += slice.parameter.numel();
        slice.accumulator->add_post_hook(std::make_unique<ReadyHook>([self, b, s] {
          if (const std::shared_ptr<State> state = self.lock()) state->take(b, s);
        }));
      }
    }
    thread_ = std::thread([this] { run(); });
  }

  void backward(const torch::Tensor& loss, std::vector<double>& totals) {
    begin(totals);
    loss.backward();
    times_.backward = since(start_);
    finish(totals);
  }

  const StepTimes& times() const { return times_; }

 private:
  void begin(const std::vector<double>& totals) {
    const std::lock_guard lock(mutex_);
    totals_ = torch::tensor(totals, torch::kFloat64).to(buckets_.front().flat.device());
    for (Bucket& bucket : buckets_) bucket.missing = bucket.slices.size();
    start_ = Clock::now();
    ready_ = 0;
    running_ = true;
    released_ = options_.overlap;
    active_ = true;
    changed_.notify_all();
  }

  // On the thread of the backward pass.
  void take(std::size_t b, std::size_t s) {
    if (!active_) return;
    Bucket& bucket = buckets_[b];
    Slice& slice = bucket.slices[s];
    {
      const torch::NoGradGuard no_grad;
      slice.view.copy_(slice.parameter.grad());
    }
    if (--bucket.missing > 0) return;
    const std::lock_guard lock(mutex_);
    bucket.times.ready = since(start_);
    // Buckets are summed in order: the members' calls have to match.
    while (ready_ < buckets_.size() && buckets_[ready_].missing == 0) ++ready_;
    changed_.notify_all();
  }

  void finish(std::vector<double>& totals) {
    std::unique_lock lock(mutex_);
    active_ = false;
    require(ready_ == buckets_.size() || error_, "a parameter got no gradient, so that it cannot be summed");
    released_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !running_ || error_; });
    if (error_) std::rethrow_exception(error_);
    times_.exposed = since(start_) - times_.backward;
    times_.communication = 0;
    times_.buckets.clear();
    for (Bucket& bucket : buckets_) {
      times_.communication += bucket.times.end - bucket.times.begin;
      times_.buckets.push_back(bucket.times);
      for (Slice& slice : bucket.slices) slice.parameter.mutable_grad() = slice.view;
    }
    const torch::Tensor sums = totals_.cpu();
    totals.assign(sums.data_ptr<double>(), sums.data_ptr<double>() + sums.numel());
  }

  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || (running_ && released_); });
      if (stopping_) return;
      lock.unlock();
      try {
        // A few bytes, first of all: they are known before the backward pass begins.
        group_.sum(totals_, Lane::gradients);
        for (std::size_t b = 0; b < buckets_.size(); ++b) {
          if (!wait_for(b)) return;
          sum(buckets_[b]);
        }
      } catch (...) {
        lock.lock();
        error_ = std::current_exception();
        changed_.notify_all();
        return;
      }
      lock.lock();
      running_ = false;
      changed_.notify_all();
    }
  }

  bool wait_for(std::size_t b) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || ready_ > b; });
    return !stopping_;
  }

  void sum(Bucket& bucket) {
    bucket.times.begin = since(start_);
    if (options_.bf16) {
      group_.sum_as_bf16(bucket.flat, Lane::gradients);
    } else {
      group_.sum(bucket.flat, Lane::gradients);
    }
    bucket.times.end = since(start_);
  }

  Group& group_;
  const ReducerOptions options_;
  std::vector<Bucket> buckets_;
  std::size_t filled_ = 0;
  StepTimes times_;
  Clock::time_point start_;
  bool active_ = false;  // of the computing thread: a backward pass of this reducer runs

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_; a bucket belongs to the computing thread until it is ready, then to the summing one.
  torch::Tensor totals_;
  std::size_t ready_ = 0;  // buckets, from the first
  bool running_ = false, released_ = false, stopping_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

Reducer::Reducer(Group& group, const std::vector<torch::Tensor>& parameters, const ReducerOptions& options) {
  if (group.size() == 1) return;
  state_ = std::make_shared<State>(group, options);
  bool any = false;
  for (auto parameter = parameters.rbegin(); parameter != parameters.rend(); ++parameter) {
    if (!parameter->requires_grad()) continue;
    state_->add(*parameter);
    any = true;
  }
  require(any, "there is nothing to train: all parameters are frozen");
  state_->finish_layout(state_);
}

Reducer::~Reducer() = default;

void Reducer::backward(const torch::Tensor& loss, std::vector<double>& totals) {
  if (!state_) return loss.backward();
  state_->backward(loss, totals);
}

const StepTimes& Reducer::times() const {
  static const StepTimes kNone;
  return state_ ? state_->times() : kNone;
}

}  // namespace graft
