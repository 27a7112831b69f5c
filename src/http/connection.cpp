#include "http/connection.h"

#include <array>
#include <boost/asio/write.hpp>

#include "base/error.h"
#include "http/answer_head.h"

namespace graft {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds kNoLimit{0};
// How long a client may go on sending after its last answer. Closing at once would reset the connection, and the answer
// could be lost with it (RFC 9112 9.6).
constexpr milliseconds kLinger{1'000};

// One request's right to an answer.
class Ticket {
 public:
  Ticket(std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection)
      : loop_(std::move(loop)), connection_(std::move(connection)) {}
  ~Ticket() { send(error_response(500, "the server lost the request")); }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  // The first call counts.
  void send(Response response) {
    if (used_.exchange(true)) return;
    asio::post(loop_->io, [connection = connection_, response = std::move(response)]() mutable {
      if (const auto alive = connection.lock()) alive->answer(std::move(response));
    });
  }

 private:
  std::shared_ptr<Loop> loop_;
  std::weak_ptr<Connection> connection_;
  std::atomic<bool> used_{false};
};

}  // namespace

Connection::Connection(std::shared_ptr<Loop> loop, ServerCore& core, asio::ip::tcp::socket socket, bool surplus)
    : loop_(loop),
      core_(core),
      socket_(std::move(socket)),
      timer_(loop->io),
      reader_(core.options.most_header_bytes, core.options.most_body_bytes),
      surplus_(surplus) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  client_ = socket_.remote_endpoint(ignored).address().to_string();
  if (core_.tls) tls_.emplace(socket_, *core_.tls);
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
  // A timer that went off already is only told by its new time that it is late.
  using Clock = std::chrono::steady_clock;
  timer_.expires_at(limit == kNoLimit ? Clock::time_point::max() : Clock::now() + limit);
  if (limit == kNoLimit) return;
  timer_.async_wait([self = shared_from_this()](error_code error) {
    const bool over = self->timer_.expiry() <= Clock::now();
    if (!error && over) self->expire();
  });
}

void Connection::expire() {
  if (phase_ != Phase::headers && phase_ != Phase::body) return close();
  // What is pending ends with an error and sees `expired_`: only then the answer can be written.
  expired_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::begin() {
  if (surplus_) {
    Response busy = error_response(503, "the server has all the connections it takes; try again");
    busy.headers.emplace_back("Retry-After", "1");
    return refuse(std::move(busy));
  }
  reader_.next();
  continued_ = false;
  progress();
}

// Goes on with what is read.
void Connection::progress() {
  if (phase_ == Phase::closed) return;
  switch (reader_.stage()) {
    case RequestReader::Stage::idle:
      enter(Phase::idle, core_.options.idle_timeout);
      if (core_.stopping && waits()) return close();
      return read();
    case RequestReader::Stage::headers:
      enter(Phase::headers, core_.options.header_timeout);
      return read();
    case RequestReader::Stage::body: {
      enter(Phase::body, core_.options.body_timeout);
      if (!account()) return refuse(error_response(503, "the server is receiving all it has room for; try again"));
      if (!reader_.expects_continue() || std::exchange(continued_, true)) return read();
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      return write(asio::buffer(kContinue.data(), kContinue.size()), &Connection::read);
    }
    case RequestReader::Stage::whole:
      return hand_over();
    case RequestReader::Stage::refused:
      return refuse(reader_.refusal());
  }
}

void Connection::read() {
  if (expired_) return refuse(error_response(408, "the request took too long to arrive"));
  const auto room = reader_.room();
  auto then = [self = shared_from_this()](error_code error, std::size_t bytes) {
    if (self->phase_ == Phase::closed) return;
    if (self->expired_) return self->read();
    if (error) return self->close();
    self->reader_.filled(bytes);
    self->progress();
  };
  if (tls_) return tls_->async_read_some(asio::buffer(room.data(), room.size()), std::move(then));
  socket_.async_read_some(asio::buffer(room.data(), room.size()), std::move(then));
}

// Counts the body that is here to those of all connections. Whether there is room for it.
bool Connection::account() {
  const std::size_t now = phase_ == Phase::body ? reader_.body_bytes() : 0;
  const std::size_t change = now - accounted_;  // modulo 2^64, as the sum is
  accounted_ = now;
  return core_.unread_bytes.fetch_add(change) + change <= core_.options.most_unread_bytes;
}

void Connection::hand_over() {
  enter(Phase::handling, kNoLimit);
  account();
  Request request = reader_.take();
  request.client = client_;
  keep_alive_ = reader_.keep_alive();
  head_ = request.method == "HEAD";
  const auto ticket = std::make_shared<Ticket>(loop_.lock(), weak_from_this());
  try {
    core_.handler(std::move(request), [ticket](Response response) { ticket->send(std::move(response)); });
  } catch (const std::exception& error) {
    ticket->send(error_response(error));
  }
}

void Connection::refuse(Response response) {
  keep_alive_ = head_ = false;
  expired_ = false;
  answer(std::move(response));
}

void Connection::answer(Response response) {
  if (phase_ == Phase::closed) return;
  enter(Phase::answering, core_.options.answer_timeout);
  account();
  keep_alive_ = keep_alive_ && !core_.stopping;
  answer_head_ = answer_head(response, keep_alive_);
  answer_body_ = head_ || !may_have_body(response.status) ? "" : std::move(response.body);
  write(std::array{asio::buffer(answer_head_), asio::buffer(answer_body_)}, &Connection::answered);
}

template <typename Buffers>
void Connection::write(const Buffers& buffers, Then then) {
  auto written = [self = shared_from_this(), then](error_code error, std::size_t) {
    if (self->phase_ == Phase::closed) return;
    if (error && !self->expired_) return self->close();
    (self.get()->*then)();
  };
  if (tls_) return asio::async_write(*tls_, buffers, std::move(written));
  asio::async_write(socket_, buffers, std::move(written));
}

void Connection::answered() {
  answer_body_ = {};
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
  error_code ignored;
  socket_.close(ignored);
  if (const auto loop = loop_.lock()) loop->connections.erase(shared_from_this());
  const std::lock_guard lock(core_.mutex);
  if (--core_.open == 0) core_.closed.notify_all();
}

}  // namespace graft
