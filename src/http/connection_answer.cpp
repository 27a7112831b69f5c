// What a connection writes.
#include <array>
#include <utility>

#include "base/log.h"
#include "http/answer_head.h"
#include "http/connection.h"
#include "http/file_body.h"

namespace graft {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

// How long a client may go on sending after its last answer. Closing at once would reset the connection, and the answer
// could be lost with it (RFC 9112 9.6).
constexpr milliseconds kLinger{1'000};
// Of a file, before the other connections of the loop have their turn.
constexpr std::size_t kMostAtOnce = 1 << 20;
constexpr std::size_t kFilePiece = 64 << 10;

}  // namespace

void Connection::refuse(Response response) {
  keep_alive_ = head_ = false;
  expired_ = false;
  send(std::move(response));
}

void Connection::send(Response response) {
  enter(Phase::answering, core_.options.answer_timeout);
  account();
  keep_alive_ = keep_alive_ && !core_.stopping;
  answer_head_ = answer_head(response, keep_alive_, head_);
  // It may be left out where there is no body (RFC 9110 10.1.1). But botocore then takes the status for that of its
  // next request, too, even where this server dies before it has answered that one.
  if (std::exchange(needless_continue_, false)) answer_head_.insert(0, kContinue);
  const bool has_body = !head_ && may_have_body(response.status);
  answer_body_ = has_body && !response.file ? std::move(response.body) : "";
  file_ = has_body ? std::move(response.file) : std::nullopt;
  write(std::array{asio::buffer(answer_head_), asio::buffer(answer_body_)},
        file_ ? &Connection::send_file : &Connection::answered);
}

template <typename Buffers>
void Connection::write(const Buffers& buffers, Then then) {
  auto written = [self = shared_from_this(), then](error_code error, std::size_t) {
    if (self->phase_ == Phase::closed) return;
    if (error) return self->close();
    (self.get()->*then)();
  };
  if (tls_) return asio::async_write(*tls_, buffers, std::move(written));
  asio::async_write(socket_, buffers, std::move(written));
}

void Connection::send_file() {
  try {
    if (tls_ && file_->length > 0) return send_file_piece();
    // Nothing is sent where the socket takes no more, and that is no progress.
    if (file_->length > 0 && send_some(*file_, socket_.native_handle(), kMostAtOnce) > 0) progressed();
  } catch (const Error& error) {
    // The length is said already: only the connection's end tells the client that something is missing.
    if (error.kind() == Kind::internal) spdlog::error("{}", error.what());
    return close();
  }
  if (file_->length == 0) return answered();
  socket_.async_wait(asio::ip::tcp::socket::wait_write, [self = shared_from_this()](error_code error) {
    if (error || self->phase_ == Phase::closed) return self->close();
    self->send_file();
  });
}

void Connection::send_file_piece() {
  progressed();
  answer_body_.resize(kFilePiece);
  const std::size_t got = read_some(*file_, answer_body_);
  write(asio::buffer(answer_body_.data(), got), &Connection::send_file);
}

void Connection::answered() {
  answer_body_ = {};
  file_.reset();
  if (keep_alive_) return begin();
  linger();
}

void Connection::linger() {
  enter(Phase::lingering, kLinger);
  const auto end = [self = shared_from_this()](error_code) {
    if (self->phase_ == Phase::closed) return;
    error_code ignored;
    self->socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    self->discard();
  };
  if (tls_) return tls_->async_shutdown(end);
  end({});
}

void Connection::discard() {
  // Nobody looks at it, so that one will do for all connections of the thread.
  static thread_local std::array<char, 16 << 10> nowhere;
  socket_.async_read_some(asio::buffer(nowhere), [self = shared_from_this()](error_code error, std::size_t) {
    if (error || self->phase_ == Phase::closed) return self->close();
    self->discard();
  });
}

}  // namespace graft
