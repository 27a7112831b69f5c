#include "identity/replay.h"

#include <utility>

#include "base/digest.h"

namespace graft {

bool Replay::is_replay(const std::string& signature, std::int64_t now) {
  // A valid signature is a keyed digest, of which nobody finds two with the same first 64 bits.
  const std::uint64_t name = prefix(sha256(as_bytes(signature)));
  const std::lock_guard lock(mutex_);
  if (now - begun_ > window_ || recent_.size() >= most_) {
    older_ = std::exchange(recent_, {});
    begun_ = now;
  }
  for (const auto* half : {&recent_, &older_}) {
    if (const auto found = half->find(name); found != half->end()) return now - found->second > grace_;
  }
  recent_.emplace(name, now);
  return false;
}

}  // namespace graft
