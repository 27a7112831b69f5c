#include "hosting/observations.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace graft {
namespace {

constexpr std::size_t kMostWaiting = 100'000;
// What comes within it is told together, so that not every request wakes a thread that takes a core from the next one.
constexpr std::chrono::milliseconds kTogether{100};

}  // namespace

Observations::Observations(Listener listener) : listener_(std::move(listener)), thread_([this] { run(); }) {}

Observations::~Observations() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Observations::add(Observation observation) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostWaiting) {
      ++dropped_;
      return;
    }
    waiting_.push_back(std::move(observation));
    if (waiting_.size() > 1) return;  // told already
  }
  changed_.notify_one();
}

void Observations::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    changed_.wait_for(lock, kTogether, [this] { return ending_; });
    const std::vector<Observation> taken = std::exchange(waiting_, {});
    const std::uint64_t dropped = std::exchange(dropped_, 0);
    lock.unlock();
    if (dropped)
      spdlog::warn("the metrics of {} invocations were dropped: they came faster than they are kept", dropped);
    for (const Observation& each : taken) tell(each);
    lock.lock();
  }
}

void Observations::tell(const Observation& each) const {
  if (!listener_) return;
  const auto put = [&](const char* metric, double value) {
    listener_(each.account, each.endpoint, each.variant, metric, value);
  };
  try {
    if (each.captures_dropped) return put("CapturesDropped", static_cast<double>(each.captures_dropped));
    put("Invocations", 1);
    put("InvocationsPerInstance", 1.0 / static_cast<double>(std::max<std::size_t>(1, each.instances)));
    put("Invocation4XXErrors", each.status >= 400 && each.status < 500);
    put("Invocation5XXErrors", each.status == 0 || each.status >= 500);
    put("InvocationModelErrors", each.status < 200 || each.status >= 300);
    put("ModelLatency", each.model_microseconds);
    put("OverheadLatency", each.overhead_microseconds);
  } catch (const std::exception& error) {
    spdlog::error("a metric of {} was not kept: {}", each.endpoint, error.what());
  }
}

}  // namespace graft
