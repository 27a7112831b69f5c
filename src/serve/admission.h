// How much may be in the house at a time: requests that were read and not yet answered, counted in pictures and bytes.
//
// A bound on what waits is a bound on how long it waits, and on memory. Who comes when it is reached is told at once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace graft {

// Thread-safe. It outlives its tickets.
class Admission {
 public:
  // One request's share; given back on destruction. Used by one thread at a time, but for hold().
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)), pictures_(other.pictures_), bytes_(other.bytes_) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();
    // Takes room for `pictures` in all, once it is known how many a request has. False when there is not enough; a
    // request that is alone always finds room.
    bool grow(std::size_t pictures);
    // The same for bytes that were fetched for it.
    bool hold(std::size_t bytes);
    // Gives its room back before its end, so that who is answered finds room for the next request.
    void give_back();

   private:
    friend class Admission;
    Ticket(Admission* admission, std::size_t bytes) : admission_(admission), bytes_(bytes) {}
    Admission* admission_;
    std::size_t pictures_ = 1, bytes_;
  };

  Admission(std::size_t most_pictures, std::size_t most_bytes)
      : most_pictures_(most_pictures), most_bytes_(most_bytes) {}

  // Nothing when it is full.
  std::optional<Ticket> enter(std::size_t bytes);
  std::size_t pictures() const;
  // Until all tickets have ended.
  void wait_until_empty();

 private:
  const std::size_t most_pictures_, most_bytes_;
  mutable std::mutex mutex_;  // guards what follows, and the numbers of all tickets
  std::condition_variable left_;
  std::size_t tickets_ = 0, pictures_ = 0, bytes_ = 0;
};

}  // namespace graft
