// A connection whose request is handed over before its body has come.
#include "base/error.h"
#include "http/connection.h"
#include "http/ticket.h"

namespace graft {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// What is thrown away of a body whose request is answered already, so that the connection can be kept.
constexpr std::size_t kMostDrained = 256 << 10;
constexpr milliseconds kDrain{1'000};

}  // namespace

// The request is handed over without its body, of which some may be here.
void Connection::open_exchange() {
  enter(Phase::streaming, core_.options.body_timeout);
  paused_ = reader_.expects_continue();
  auto wanted = [loop = loop_.lock(), connection = weak_from_this(), number = ++request_] {
    asio::post(loop->io, [connection, number] {
      if (const auto alive = connection.lock()) alive->resume(number);
    });
  };
  body_ = std::make_shared<BodyPipe>(std::move(wanted), paused_);
  const auto exchange = make_exchange(complete(reader_.take_head()), reader_.body_length(), body_, post_answer());
  stream();
  try {
    core_.exchanges(exchange);
  } catch (const std::exception& error) {
    exchange->answer(error_response(error));
  }
}

// The body goes on to the thread that uses it.
void Connection::stream() {
  if (phase_ == Phase::draining) return drain();
  Bytes piece = reader_.take_body();
  arrived_ += piece.size();
  if (is_progress(arrived_, limit_)) progressed();
  const bool room = body_->push(std::move(piece));
  if (reader_.stage() == RequestReader::Stage::body) {
    paused_ = !room;
    return paused_ || lend() ? void() : read();
  }
  if (reader_.stage() == RequestReader::Stage::whole) {
    body_->finish();
  } else {
    body_->fail(Error(Kind::invalid, "InvalidRequest", "the chunks of the body are not framed as HTTP asks"));
    keep_alive_ = false;
  }
  enter(Phase::handling, kNoLimit);
  watch();
}

bool Connection::lend() {
  const std::uint64_t left = reader_.body_left().value_or(0);
  if (tls_ || left < BodyPipe::kMost) return false;
  auto rest = std::make_unique<SocketBody>(socket_.native_handle(), left, limit_);
  if (!rest->is_open()) return false;
  lent_ = paused_ = true;
  body_->lend(std::move(rest));
  return true;
}

void Connection::take_back() {
  lent_ = false;
  reader_.skip_body(*reader_.body_left() - body_->left());
}

void Connection::resume(std::uint64_t request) {
  if (phase_ != Phase::streaming || request != request_ || !paused_) return;
  paused_ = false;
  if (lent_) {
    take_back();
    enter(Phase::handling, kNoLimit);
    return watch();
  }
  progressed();
  if (reader_.expects_continue() && !continued_) return say_continue();
  read();
}

void Connection::answer(Response response) {
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::streaming) return answer_early(std::move(response));
  send(std::move(response));
}

// Nobody reads the rest of the body. What is left is thrown away if it is little, and the connection goes on; else it
// ends. So does that of a client that waits to be asked for its body, as nobody can tell whether it will come.
void Connection::answer_early(Response response) {
  early_ = std::move(response);
  drained_ = 0;
  body_->fail(Error(Kind::unavailable, "", "the request is answered, and the rest of its body is not read"));
  if (lent_) take_back();
  const bool never_asked = reader_.expects_continue() && !continued_;
  const bool little = !never_asked && reader_.body_left().value_or(0) <= kMostDrained;
  enter(Phase::draining, kDrain);
  if (!little) return pending_ ? interrupt() : interrupted();
  if (std::exchange(paused_, false)) read();
}

void Connection::drain() {
  drained_ += reader_.take_body().size();
  if (reader_.stage() == RequestReader::Stage::body) {
    return drained_ <= kMostDrained ? read() : interrupted();
  }
  if (reader_.stage() == RequestReader::Stage::refused) keep_alive_ = false;
  send(std::move(*early_));
}

}  // namespace graft
