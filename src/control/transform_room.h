// The memory that the objects of all transform jobs take together while they are worked at.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>

namespace graft {

class TransformRoom {
 public:
  explicit TransformRoom(std::uint64_t bytes) : all_(bytes) {}

  class Share {
   public:
    Share(Share&& other) noexcept : room_(other.room_), bytes_(other.bytes_) { other.room_ = nullptr; }
    Share& operator=(Share&&) = delete;
    ~Share();

   private:
    friend class TransformRoom;
    Share(TransformRoom* room, std::uint64_t bytes) : room_(room), bytes_(bytes) {}
    TransformRoom* room_;
    std::uint64_t bytes_;
  };

  // Waits for so many bytes, for all there are where that is more, in the order of those who ask: what is large is not
  // kept waiting by what is small. `check` is called now and then meanwhile, and may throw. Thread-safe.
  Share take(std::uint64_t bytes, const std::function<void()>& check);

 private:
  const std::uint64_t all_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t taken_ = 0;            // guarded by mutex_
  std::uint64_t next_ = 0;             // guarded by mutex_: the number of who asks next
  std::set<std::uint64_t> waiting_{};  // guarded by mutex_
};

}  // namespace graft
