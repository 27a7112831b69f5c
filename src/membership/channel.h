// A TCP connection that carries JSON messages, one a line. Internal to membership/.
//
// All methods and callbacks belong to the thread that runs the io_context.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/streambuf.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/json_forward.h"

namespace graft {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  static constexpr std::size_t kMaxLine = std::size_t{1} << 20;

  using OnMessage = std::function<void(const Json&)>;
  // Called once, with the reason in words, unless close() came first.
  using OnEnd = std::function<void(const std::string&)>;

  explicit Channel(boost::asio::ip::tcp::socket socket);

  void start(OnMessage on_message, OnEnd on_end);
  void send(const Json& message);
  // Closes after what was sent has left, or at once.
  void finish();
  void close();
  bool closed() const { return closed_; }

  std::string local_address() const;
  std::string remote_address() const;

 private:
  void read();
  void write();
  void end(const std::string& reason);

  boost::asio::ip::tcp::socket socket_;
  boost::asio::streambuf input_{kMaxLine};
  std::deque<std::string> output_;
  OnMessage on_message_;
  OnEnd on_end_;
  bool closed_ = false, finishing_ = false;
};

}  // namespace graft
