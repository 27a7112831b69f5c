// A client of tests: a socket, and what is read from it. Only for tests.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace graft::test {

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    // A test that waits for nothing fails instead of hanging.
    const timeval patience{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Whether all of it was taken.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end() const { shutdown(socket_, SHUT_WR); }

  // Up to what ends with `end`, or all there is.
  std::string read_until(std::string_view end) {
    while (input_.find(end) == std::string::npos && more()) {
    }
    return take(std::min(input_.size(), input_.find(end) + end.size()));
  }
  // One answer: its head, then as much as its Content-Length says.
  std::string answer() {
    std::string head = read_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    return at == std::string::npos ? head : head + read(std::stoul(head.substr(at + 16)));
  }
  std::string read(std::size_t bytes) {
    while (input_.size() < bytes && more()) {
    }
    return take(std::min(bytes, input_.size()));
  }
  // All up to the connection's end. `closed` tells it from a wait that took too long.
  std::string rest() {
    while (more()) {
    }
    return take(input_.size());
  }
  bool closed() const { return closed_; }
  // Whether bytes, or the end, come in this time.
  bool readable_within(std::chrono::milliseconds time) const {
    pollfd wanted{socket_, POLLIN, 0};
    return poll(&wanted, 1, static_cast<int>(time.count())) > 0;
  }

 private:
  bool more() {
    char buffer[16 << 10];
    const ssize_t got = recv(socket_, buffer, sizeof buffer, 0);
    closed_ = closed_ || got == 0 || (got < 0 && errno == ECONNRESET);
    if (got > 0) input_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }
  std::string take(std::size_t bytes) {
    std::string result = input_.substr(0, bytes);
    input_.erase(0, bytes);
    return result;
  }

  int socket_;
  bool closed_ = false;
  std::string input_;
};

}  // namespace graft::test
