#include "http/connection.h"

#include <sys/socket.h>

#include "base/error.h"
#include "http/ticket.h"

namespace graft {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

}  // namespace

Connection::Connection(std::shared_ptr<Loop> loop, ServerCore& core, asio::ip::tcp::socket socket, bool surplus)
    : loop_(loop),
      core_(core),
      socket_(std::move(socket)),
      timer_(loop->io),
      // The body of an exchange is never here as a whole; who reads it knows how much may come.
      reader_(core.options.most_header_bytes, core.exchanges ? SIZE_MAX : core.options.most_body_bytes),
      surplus_(surplus) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);
  client_ = socket_.remote_endpoint(ignored).address().to_string();
  if (core_.tls) tls_.emplace(socket_, *core_.tls);
}

Connection::~Connection() {
  if (body_) body_->fail(client_is_gone());
}

void Connection::start() {
  if (!tls_) return begin();
  enter(Phase::handshake, core_.options.header_timeout);
  tls_->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
    if (error || self->phase_ == Phase::closed) return self->close();
    self->begin();
  });
}

void Connection::enter(Phase phase, milliseconds limit) {
  if (phase_ == phase) return;
  phase_ = phase;
  limit_ = limit;
  progressed();
  arm(limit == kNoLimit ? Clock::time_point::max() : progressed_ + limit);
}

void Connection::progressed() {
  progressed_ = Clock::now();
  arrived_ = 0;
}

void Connection::arm(Clock::time_point when) {
  // A timer that went off already is only told by its new time that it is late.
  timer_.expires_at(when);
  if (when == Clock::time_point::max()) return;
  timer_.async_wait([self = shared_from_this()](error_code error) {
    const bool over = self->timer_.expiry() <= Clock::now();
    if (!error && over) self->expire();
  });
}

void Connection::expire() {
  // A body and a file may take any time, but not without progress.
  const bool moves = phase_ == Phase::streaming || (phase_ == Phase::answering && file_);
  if (phase_ == Phase::streaming && paused_) progressed();  // the client waits for us
  if (moves && progressed_ + limit_ > Clock::now()) return arm(progressed_ + limit_);
  const bool reads = phase_ == Phase::headers || phase_ == Phase::body || phase_ == Phase::streaming;
  if (reads || phase_ == Phase::draining) return interrupt();
  close();
}

// What is pending ends with an error and sees `expired_`: only then the connection can go on.
void Connection::interrupt() {
  expired_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::interrupted() {
  expired_ = false;
  if (phase_ == Phase::streaming) {
    body_->fail(client_is_too_slow());
    keep_alive_ = false;
    return enter(Phase::handling, kNoLimit);
  }
  if (phase_ == Phase::draining) {
    keep_alive_ = false;
    return send(std::move(*early_));
  }
  refuse(error_response(408, "the request took too long to arrive"));
}

void Connection::begin() {
  if (surplus_) {
    Response busy = error_response(503, "the server has all the connections it takes; try again");
    busy.headers.emplace_back("Retry-After", "1");
    return refuse(std::move(busy));
  }
  reader_.next();
  continued_ = needless_continue_ = false;
  body_.reset();
  hung_up_.reset();
  progress();
}

// Goes on with what is read.
void Connection::progress() {
  if (phase_ == Phase::closed) return;
  if (body_) return stream();
  switch (reader_.stage()) {
    case RequestReader::Stage::idle:
      enter(Phase::idle, core_.options.idle_timeout);
      if (core_.stopping && waits()) return close();
      return read();
    case RequestReader::Stage::headers:
      enter(Phase::headers, core_.options.header_timeout);
      return read();
    case RequestReader::Stage::body:
      if (core_.exchanges) return open_exchange();
      enter(Phase::body, core_.options.body_timeout);
      if (!account()) return refuse(error_response(503, "the server is receiving all it has room for; try again"));
      if (reader_.expects_continue() && !continued_) return say_continue();
      return read();
    case RequestReader::Stage::whole:
      if (core_.exchanges) return open_exchange();
      return hand_over();
    case RequestReader::Stage::refused:
      return refuse(reader_.refusal());
  }
}

void Connection::read() {
  if (expired_) return interrupted();
  const auto room = reader_.room();
  auto then = [self = shared_from_this()](error_code error, std::size_t bytes) {
    self->pending_ = false;
    if (self->phase_ == Phase::closed) return;
    if (self->expired_) return self->interrupted();
    if (error) return self->close();
    self->reader_.filled(bytes);
    self->progress();
  };
  pending_ = true;
  if (tls_) return tls_->async_read_some(asio::buffer(room.data(), room.size()), std::move(then));
  socket_.async_read_some(asio::buffer(room.data(), room.size()), std::move(then));
}

void Connection::say_continue() {
  continued_ = pending_ = true;
  const auto then = [self = shared_from_this()](error_code error, std::size_t) {
    self->pending_ = false;
    if (self->phase_ == Phase::closed) return;
    if (error && !self->expired_) return self->close();
    self->read();
  };
  const auto line = asio::buffer(kContinue.data(), kContinue.size());
  if (tls_) return asio::async_write(*tls_, line, then);
  asio::async_write(socket_, line, then);
}

// Counts the body that is here to those of all connections. Whether there is room for it.
bool Connection::account() {
  const std::size_t now = phase_ == Phase::body ? reader_.body_bytes() : 0;
  const std::size_t change = now - accounted_;  // modulo 2^64, as the sum is
  accounted_ = now;
  return core_.unread_bytes.fetch_add(change) + change <= core_.options.most_unread_bytes;
}

// With what the connection knows, and the connection with what the request says.
Request Connection::complete(Request request) {
  hung_up_ = std::make_shared<std::atomic<bool>>(false);
  request.client = client_;
  request.hung_up = hung_up_;
  keep_alive_ = reader_.keep_alive();
  needless_continue_ = reader_.expects_needless_continue();
  head_ = request.method == "HEAD";
  return request;
}

std::function<void(Response)> Connection::post_answer() {
  return [loop = loop_.lock(), connection = weak_from_this()](Response response) {
    asio::post(loop->io, [connection, response = std::move(response)]() mutable {
      if (const auto alive = connection.lock()) alive->answer(std::move(response));
    });
  };
}

void Connection::hand_over() {
  enter(Phase::handling, kNoLimit);
  account();
  const auto ticket = std::make_shared<Ticket>(post_answer());
  try {
    core_.handler(complete(reader_.take()), [ticket](Response response) { ticket->send(std::move(response)); });
  } catch (const std::exception& error) {
    ticket->send(error_response(error));
  }
  watch();
}

// Looks whether the client hangs up while it waits. What it sends meanwhile is left where it is.
void Connection::watch() {
  if (tls_ || std::exchange(watching_, true)) return;
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
    self->watching_ = false;
    if (error || self->phase_ != Phase::handling) return;
    char byte = 0;
    const ssize_t got = ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    const bool waits = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (got <= 0 && !waits) *self->hung_up_ = true;
  });
}

// Whether it is idle, and nothing of a next request has come that is not read yet.
bool Connection::waits() const {
  error_code error;
  const std::size_t unread = socket_.available(error);
  return phase_ == Phase::handshake || (phase_ == Phase::idle && (error || unread == 0));
}

void Connection::finish() {
  if (waits()) close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  account();
  timer_.cancel();
  if (hung_up_) *hung_up_ = true;
  if (const auto body = std::exchange(body_, nullptr)) body->fail(client_is_gone());
  error_code ignored;
  // Who reads it is told by that.
  if (lent_) socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  if (const auto loop = loop_.lock()) loop->connections.erase(shared_from_this());
  const std::lock_guard lock(core_.mutex);
  if (--core_.open == 0) core_.closed.notify_all();
}

}  // namespace graft
