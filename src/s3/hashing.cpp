#include "s3/hashing.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace graft::s3 {

HashThreads::HashThreads() {
  constexpr std::size_t kMostThreads = 8;
  const std::size_t count = std::clamp<std::size_t>(available_cores() / 2, 1, kMostThreads);
  for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { run(); });
}

HashThreads::~HashThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

// This thread's share of what is ready: while others are idle, too, they get theirs.
std::vector<Hashing*> HashThreads::take() {
  constexpr std::size_t kMost = 8;  // as many as Md5 has lanes
  const std::size_t share = std::min(kMost, (ready_.size() + idle_) / (idle_ + 1));
  std::vector<Hashing*> taken(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(share));
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(share));
  for (Hashing* each : taken) each->taken_ = true;
  return taken;
}

void HashThreads::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [&] { return stopping_ || !ready_.empty(); });
    --idle_;
    if (ready_.empty()) return;
    const std::vector<Hashing*> taken = take();
    std::vector<Md5::Piece> pieces;
    for (Hashing* each : taken) pieces.push_back({&each->md5_, each->pieces_.front()});
    lock.unlock();
    for (std::size_t i = 0; i < taken.size(); ++i) taken[i]->update_others(pieces[i].bytes);
    Md5::update_all(pieces);
    lock.lock();
    for (Hashing* each : taken) {
      each->taken_ = false;
      each->pieces_.erase(each->pieces_.begin());
      if (!each->pieces_.empty()) ready_.push_back(each);
      each->done_.notify_one();
    }
  }
}

Hashing::Hashing(HashThreads& threads, std::optional<Algorithm> algorithm) : threads_(threads), algorithm_(algorithm) {
  if (algorithm && *algorithm != Algorithm::crc32c && *algorithm != Algorithm::md5) extra_.emplace(*algorithm);
}

Hashing::~Hashing() {
  std::unique_lock lock(threads_.mutex_);
  done_.wait(lock, [&] { return !taken_; });
  std::erase(threads_.ready_, this);
}

void Hashing::update(ByteView piece) {
  md5_.update(piece);
  update_others(piece);
}

void Hashing::update_others(ByteView piece) {
  crc32c_.update(piece);
  if (extra_) extra_->update(piece);
}

void Hashing::update_behind(ByteView piece) {
  if (piece.empty()) return;
  const std::lock_guard lock(threads_.mutex_);
  pieces_.push_back(piece);
  if (pieces_.size() > 1) return;
  threads_.ready_.push_back(this);
  threads_.changed_.notify_one();
}

void Hashing::wait(std::size_t left) {
  std::unique_lock lock(threads_.mutex_);
  done_.wait(lock, [&] { return pieces_.size() <= left; });
}

Hashing::Digests Hashing::finish() {
  wait(0);
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
