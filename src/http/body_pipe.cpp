#include "http/body_pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace graft {

// Whoever is woken wants the lock at once, so it is given back before.
bool BodyPipe::push(Bytes piece) {
  const bool is_news = !piece.empty();
  std::unique_lock lock(mutex_);
  if (is_news) {
    size_ += piece.size();
    pieces_.push_back(std::move(piece));
  }
  stopped_ = stopped_ || size_ >= kMost;
  const bool wants_more = !stopped_;
  lock.unlock();
  if (is_news) changed_.notify_one();
  return wants_more;
}

void BodyPipe::finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_one();
}

void BodyPipe::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (finished_ || error_) return;
  error_ = error;
  pieces_.clear();
  changed_.notify_one();
}

void BodyPipe::lend(std::unique_ptr<SocketBody> socket) {
  {
    const std::lock_guard lock(mutex_);
    socket_ = std::move(socket);
    stopped_ = false;
  }
  changed_.notify_one();
}

std::uint64_t BodyPipe::left() {
  const std::lock_guard lock(mutex_);
  return socket_->left();
}

std::size_t BodyPipe::read(std::span<std::byte> room) {
  std::size_t filled = 0;
  // Copied without the lock: whoever fills the pipe does not wait for it.
  while (filled < room.size() && (used_ < current_.size() || (filled == 0 && take()))) {
    const std::size_t count = std::min(room.size() - filled, current_.size() - used_);
    std::memcpy(room.data() + filled, current_.data() + used_, count);
    filled += count;
    used_ += count;
  }
  return filled > 0 ? filled : receive(room);
}

// From the socket; 0 where there is none, too.
std::size_t BodyPipe::receive(std::span<std::byte> room) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (error_) throw Error(*error_);
    if (!socket_) return 0;
    const auto got = socket_->try_read(room);
    const bool all = socket_->left() == 0;
    lock.unlock();
    if (got.value_or(0) > 0 && all) wanted_();
    if (got) return *got;
    socket_->wait();
  }
}

// Waits for the next piece. False where none comes.
bool BodyPipe::take() {
  bool call = false;
  std::unique_lock lock(mutex_);
  // Called before it waits where nothing is here, and below where there is room again.
  if (stopped_ && pieces_.empty() && !finished_ && !error_) {
    stopped_ = false;
    lock.unlock();
    wanted_();
    lock.lock();
  }
  changed_.wait(lock, [this] { return error_ || finished_ || socket_ || !pieces_.empty(); });
  if (error_) throw Error(*error_);
  if (pieces_.empty()) return false;
  current_ = std::move(pieces_.front());
  used_ = 0;
  pieces_.pop_front();
  size_ -= current_.size();
  if (stopped_ && size_ <= kMost / 2) {
    stopped_ = false;
    call = !finished_;
  }
  lock.unlock();
  if (call) wanted_();
  return true;
}

}  // namespace graft
