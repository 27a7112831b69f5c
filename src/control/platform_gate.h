// Lets callers in while it is open, and can wait until all have left.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace graft {

class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
  }
  // Waits until those inside have left.
  void close() {
    std::unique_lock lock(mutex_);
    open_ = false;
    left_.wait(lock, [this] { return inside_ == 0; });
  }
  bool is_open() const {
    const std::lock_guard lock(mutex_);
    return open_;
  }

  // Inside for as long as it lives, where the gate was open.
  class Entry {
   public:
    explicit Entry(Gate& gate) : gate_(gate) {
      const std::lock_guard lock(gate_.mutex_);
      inside_ = gate_.open_;
      gate_.inside_ += inside_ ? 1 : 0;
    }
    ~Entry() {
      const std::lock_guard lock(gate_.mutex_);
      gate_.inside_ -= inside_ ? 1 : 0;
      gate_.left_.notify_all();
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    explicit operator bool() const { return inside_; }

   private:
    Gate& gate_;
    bool inside_ = false;
  };

 private:
  mutable std::mutex mutex_;
  std::condition_variable left_;
  // Guarded by mutex_.
  bool open_ = false;
  std::size_t inside_ = 0;
};

}  // namespace graft
