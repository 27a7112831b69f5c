#include "s3/hashing.h"

namespace graft::s3 {

Hashing::Hashing(std::optional<Algorithm> algorithm) : algorithm_(algorithm) {
  if (algorithm && *algorithm != Algorithm::crc32c && *algorithm != Algorithm::md5) extra_.emplace(*algorithm);
}

Hashing::~Hashing() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Hashing::update(ByteView piece) {
  md5_.update(piece);
  crc32c_.update(piece);
  if (extra_) extra_->update(piece);
}

void Hashing::wait_idle(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [&] { return waiting_.empty(); });
}

void Hashing::update_behind(ByteView piece) {
  if (piece.empty()) return;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  wait_idle(lock);
  waiting_ = piece;
  changed_.notify_all();
}

void Hashing::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const ByteView piece = waiting_;
    lock.unlock();
    update(piece);
    lock.lock();
    waiting_ = {};
    changed_.notify_all();
  }
}

Hashing::Digests Hashing::finish() {
  {
    std::unique_lock lock(mutex_);
    wait_idle(lock);
  }
  Digests digests{.md5 = md5_.finish()};
  const std::string crc = crc32c_.finish();
  for (const char c : crc) digests.crc32c = digests.crc32c << 8 | static_cast<std::uint8_t>(c);
  if (extra_) {
    digests.checksum = base64(extra_->finish());
  } else if (algorithm_) {
    digests.checksum = base64(*algorithm_ == Algorithm::md5 ? digests.md5 : crc);
  }
  return digests;
}

}  // namespace graft::s3
