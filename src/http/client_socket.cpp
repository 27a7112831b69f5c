#include "http/client_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"

namespace graft {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Address parse(const std::string& text_of_it, std::uint16_t port) {
  Address address;
  auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (inet_pton(AF_INET, text_of_it.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    address.length = sizeof four;
  } else {
    require(inet_pton(AF_INET6, text_of_it.c_str(), &six.sin6_addr) == 1, text_of_it, ": not an IP address");
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    address.length = sizeof six;
  }
  return address;
}

[[noreturn]] void refused(const std::string& address, std::uint16_t port, int error) {
  errno = error;
  throw Error(Kind::unavailable, "Refused",
              text("nobody answers at ", address, " port ", port, ": ", system_message()));
}

void skip(std::span<iovec>& pieces, std::size_t bytes) {
  while (!pieces.empty() && bytes >= pieces.front().iov_len) {
    bytes -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (pieces.empty()) return;
  pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + bytes;
  pieces.front().iov_len -= bytes;
}

bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

}  // namespace

ClientSocket::ClientSocket(const std::string& address, std::uint16_t port, Clock::time_point deadline)
    : socket_([&] {
        const int family = parse(address, port).storage.ss_family;
        const int made = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (made < 0) fail(Kind::unavailable, "no socket can be made: ", system_message());
        return made;
      }()) {
  const Address to = parse(address, port);
  const int on = 1;
  ::setsockopt(socket_.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_.fd, reinterpret_cast<const sockaddr*>(&to.storage), to.length) == 0) return;
  if (errno != EINPROGRESS) refused(address, port, errno);
  wait(POLLOUT, deadline);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) refused(address, port, error);
}

short ClientSocket::wait(short events, Clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wanted{socket_.fd, events, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
    if (ready > 0) return wanted.revents;
    if (ready < 0 && errno != EINTR) fail(Kind::unavailable, "waiting for a socket failed: ", system_message());
    if (left <= 0) throw Error(Kind::unavailable, "Timeout", "the server took too long to answer");
  }
}

bool ClientSocket::send(std::span<iovec> pieces, Clock::time_point deadline) const {
  while (!pieces.empty()) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t sent = ::sendmsg(socket_.fd, &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      skip(pieces, static_cast<std::size_t>(sent));
      continue;
    }
    if (!would_block()) return false;
    if (wait(POLLOUT | POLLIN, deadline) & (POLLIN | POLLHUP | POLLERR)) return false;
  }
  return true;
}

std::size_t ClientSocket::receive(std::span<char> room, Clock::time_point deadline) const {
  for (;;) {
    const ssize_t got = ::recv(socket_.fd, room.data(), room.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (!would_block()) return 0;
    wait(POLLIN, deadline);
  }
}

bool ClientSocket::quiet() const {
  char byte = 0;
  return ::recv(socket_.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && would_block();
}

}  // namespace graft
