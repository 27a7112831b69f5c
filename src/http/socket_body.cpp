#include "http/socket_body.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace graft {

using Clock = std::chrono::steady_clock;

bool is_progress(std::uint64_t bytes, std::chrono::milliseconds limit) {
  constexpr std::uint64_t kLeastBytesPerSecond = 1024;
  return bytes * 1000 >= kLeastBytesPerSecond * static_cast<std::uint64_t>(limit.count());
}

Error client_is_gone() {
  return Error(Kind::unavailable, "IncompleteBody", "the client ended the connection before it had sent the body");
}

Error client_is_too_slow() {
  return Error(Kind::unavailable, "RequestTimeout", "the client sent too little of the body for too long");
}

SocketBody::SocketBody(int socket, std::uint64_t left, std::chrono::milliseconds limit)
    : socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)), limit_(limit), left_(left) {}

std::optional<std::size_t> SocketBody::try_read(std::span<std::byte> room) {
  if (left_ == 0) return 0;
  const ssize_t got = ::recv(socket_.fd, room.data(), std::min<std::uint64_t>(room.size(), left_), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (got <= 0) throw client_is_gone();
  left_ -= static_cast<std::uint64_t>(got);
  arrived_ += static_cast<std::uint64_t>(got);
  if (is_progress(arrived_, limit_)) {
    arrived_ = 0;
    waited_ = {};
  }
  return static_cast<std::size_t>(got);
}

void SocketBody::wait() {
  if (waited_ >= limit_) throw client_is_too_slow();
  const auto begin = Clock::now();
  pollfd wanted{socket_.fd, POLLIN, 0};
  ::poll(&wanted, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(limit_ - waited_).count()));
  waited_ += Clock::now() - begin;
}

}  // namespace graft
