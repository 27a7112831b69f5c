#include "control/transform_room.h"

#include <algorithm>
#include <chrono>

namespace graft {
namespace {

constexpr auto kLook = std::chrono::seconds(1);

}  // namespace

TransformRoom::Share::~Share() {
  if (!room_) return;
  const std::lock_guard lock(room_->mutex_);
  room_->taken_ -= bytes_;
  room_->changed_.notify_all();
}

TransformRoom::Share TransformRoom::take(std::uint64_t bytes, const std::function<void()>& check) {
  bytes = std::min(bytes, all_);
  std::unique_lock lock(mutex_);
  const std::uint64_t number = next_++;
  waiting_.insert(number);
  const auto is_free = [&] { return *waiting_.begin() == number && taken_ + bytes <= all_; };
  const auto leave = [&] {
    waiting_.erase(number);
    changed_.notify_all();
  };
  while (!is_free()) {
    lock.unlock();
    try {
      check();
    } catch (...) {
      lock.lock();
      leave();
      throw;
    }
    lock.lock();
    changed_.wait_for(lock, kLook, is_free);
  }
  taken_ += bytes;
  leave();
  return {this, bytes};
}

}  // namespace graft
