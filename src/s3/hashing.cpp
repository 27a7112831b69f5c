#include "s3/hashing.h"

#include <algorithm>
#include <utility>

#include "base/thread_pool.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostLanes = 8;  // as Md5 has

}  // namespace

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

// The more contents are digested side by side, the less each costs. So a thread begins when all have a piece, or one
// has two, or waits; who sends a single piece now and then is not hurried.
bool HashThreads::is_due() const {
  if (ready_.empty()) return false;
  if (ready_.size() >= std::min(kMostLanes, contents_)) return true;
  return std::any_of(ready_.begin(), ready_.end(),
                     [](const Hashing* each) { return each->waits_ || each->pieces_.size() > 1; });
}

// This thread's share of what is ready: while others are idle, too, they get theirs.
std::vector<Hashing*> HashThreads::take() {
  const std::size_t share = std::min(kMostLanes, (ready_.size() + idle_) / (idle_ + 1));
  std::vector<Hashing*> taken(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(share));
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(share));
  for (Hashing* each : taken) each->taken_ = true;
  contents_ -= share;
  if (idle_ > 0 && is_due()) changed_.notify_one();
  return taken;
}

void HashThreads::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [&] { return stopping_ || is_due(); });
    --idle_;
    if (stopping_) return;
    const std::vector<Hashing*> taken = take();
    std::vector<Md5::Piece> pieces;
    for (Hashing* each : taken) pieces.push_back({&each->md5_, each->pieces_.front()});
    lock.unlock();
    for (std::size_t i = 0; i < taken.size(); ++i) taken[i]->update_others(pieces[i].bytes);
    Md5::update_all(pieces);
    lock.lock();
    contents_ += taken.size();
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
  leave();
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
  if (!std::exchange(entered_, true)) ++threads_.contents_;
  pieces_.push_back(piece);
  if (pieces_.size() == 1) threads_.ready_.push_back(this);
  if (threads_.is_due()) threads_.changed_.notify_one();
}

// Nobody need wait for its next piece.
void Hashing::leave() {
  if (!std::exchange(entered_, false)) return;
  --threads_.contents_;
  if (threads_.is_due()) threads_.changed_.notify_one();
}

void Hashing::wait(std::size_t left) {
  std::unique_lock lock(threads_.mutex_);
  if (pieces_.size() <= left) return;
  waits_ = true;
  if (threads_.is_due()) threads_.changed_.notify_one();
  done_.wait(lock, [&] { return pieces_.size() <= left; });
  waits_ = false;
}

Hashing::Digests Hashing::finish() {
  wait(0);
  {
    const std::lock_guard lock(threads_.mutex_);
    leave();
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
