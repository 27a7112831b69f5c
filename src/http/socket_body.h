// What is left of a long body, read from its connection by the thread that uses it: one thread and one copy less.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "base/descriptor.h"
#include "base/error.h"

namespace graft {

// Whether a body that goes to a waiting thread has brought enough, on average over the time for progress: who sends a
// byte now and then would hold the thread for nothing.
bool is_progress(std::uint64_t bytes, std::chrono::milliseconds limit);

// What a read of a body throws.
Error client_is_gone();
Error client_is_too_slow();

class SocketBody {
 public:
  // The next `left` bytes of a socket. `limit`: how long they may take without progress.
  SocketBody(int socket, std::uint64_t left, std::chrono::milliseconds limit);
  // False where the process has no descriptor left.
  bool is_open() const { return socket_.fd >= 0; }

  std::uint64_t left() const { return left_; }
  // Without waiting: nothing where no bytes are here, 0 at the body's end. Throws client_is_gone().
  std::optional<std::size_t> try_read(std::span<std::byte> room);
  // Until some bytes may be here. Throws client_is_too_slow().
  void wait();

 private:
  const Descriptor socket_;  // of its own: the connection may be closed while a thread waits
  const std::chrono::milliseconds limit_;
  std::uint64_t left_;
  // Since enough had come last: what has, and how long it was waited for.
  std::uint64_t arrived_ = 0;
  std::chrono::steady_clock::duration waited_{};
};

}  // namespace graft
