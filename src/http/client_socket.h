// A socket that waits no longer than until a deadline. Only for client.cpp.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/descriptor.h"

namespace graft {

class ClientSocket {
 public:
  using Clock = std::chrono::steady_clock;

  // Throws Kind::unavailable: "Refused" when nobody listens, "Timeout".
  ClientSocket(const std::string& address, std::uint16_t port, Clock::time_point deadline);

  // Sends until all is sent (true), or an answer is here or the connection is broken (false). Throws "Timeout".
  bool send(std::span<iovec> pieces, Clock::time_point deadline) const;
  // 0 at the connection's end, also a hard one. Throws "Timeout".
  std::size_t receive(std::span<char> room, Clock::time_point deadline) const;
  // Whether it is as it was left: not ended, and nothing has come.
  bool quiet() const;

 private:
  // What of `events` came to be.
  short wait(short events, Clock::time_point deadline) const;

  Descriptor socket_;
};

}  // namespace graft
