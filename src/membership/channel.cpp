#include "membership/channel.h"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "base/json.h"

namespace graft {
namespace asio = boost::asio;

Channel::Channel(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {
  boost::system::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Channel::start(OnMessage on_message, OnEnd on_end) {
  on_message_ = std::move(on_message);
  on_end_ = std::move(on_end);
  read();
}

void Channel::read() {
  asio::async_read_until(socket_, input_, '\n',
                         [self = shared_from_this()](boost::system::error_code error, std::size_t length) {
                           if (self->closed_) return;
                           if (error == asio::error::not_found) return self->end("it sent a line that is too long");
                           if (error) return self->end("its connection closed");
                           const auto begin = asio::buffers_begin(self->input_.data());
                           const std::string line(begin, begin + static_cast<std::ptrdiff_t>(length));
                           self->input_.consume(length);
                           try {
                             self->on_message_(parse_json(line, "a message"));
                           } catch (const std::exception& problem) {
                             return self->end(text("it sent what is no message: ", problem.what()));
                           }
                           if (!self->closed_) self->read();
                         });
}

void Channel::send(const Json& message) {
  if (closed_ || finishing_) return;
  output_.push_back(message.dump() + "\n");
  if (output_.size() == 1) write();
}

void Channel::write() {
  asio::async_write(socket_, asio::buffer(output_.front()),
                    [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                      if (self->closed_) return;
                      if (error) return self->end("its connection closed");
                      self->output_.pop_front();
                      if (!self->output_.empty()) return self->write();
                      if (self->finishing_) self->close();
                    });
}

void Channel::finish() {
  finishing_ = true;
  if (output_.empty()) close();
}

void Channel::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void Channel::end(const std::string& reason) {
  if (closed_) return;
  close();
  if (on_end_) on_end_(reason);
}

std::string Channel::local_address() const {
  return socket_.local_endpoint().address().to_string();
}

std::string Channel::remote_address() const {
  return socket_.remote_endpoint().address().to_string();
}

}  // namespace graft
