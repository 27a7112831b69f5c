#include "control/errands.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace graft {

Errands::Errands(std::size_t threads, std::function<void(const Key&)> look) : count_(threads), look_(std::move(look)) {}

Errands::~Errands() {
  stop();
}

void Errands::add(const Key& key) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || std::find(waiting_.begin(), waiting_.end(), key) != waiting_.end()) return;
  waiting_.push_back(key);
  changed_.notify_all();
}

void Errands::start() {
  for (std::size_t i = 0; i < count_; ++i) threads_.emplace_back([this] { run(); });
}

void Errands::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();
}

bool Errands::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Errands::pause(double seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return stopping_; });
}

void Errands::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    // One that is being looked at waits for its own thread.
    const auto next =
        std::find_if(waiting_.begin(), waiting_.end(), [this](const Key& key) { return !running_.contains(key); });
    if (stopping_) return;
    if (next == waiting_.end()) {
      changed_.wait(lock);
      continue;
    }
    const Key key = *next;
    waiting_.erase(next);
    running_.insert(key);
    lock.unlock();
    try {
      look_(key);
    } catch (const std::exception& error) {
      spdlog::error("{}: {}", key.second, error.what());
    }
    lock.lock();
    running_.erase(key);
    changed_.notify_all();
  }
}

}  // namespace graft
