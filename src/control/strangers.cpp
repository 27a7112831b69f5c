#include "control/strangers.h"

#include <algorithm>

#include "base/error.h"

namespace graft {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(Kind::unavailable, "ServiceUnavailable", sentence);
}

}  // namespace

double Strangers::left(const Allowance& allowance, double now) const {
  // A clock that was set back gives nothing and takes nothing.
  return std::min(limits_.at_once, allowance.left + std::max(0.0, now - allowance.seen) * limits_.each_second);
}

void Strangers::enter(const std::string& address, double now) {
  const std::lock_guard lock(mutex_);
  if (inside_ >= limits_.together) {
    refuse(text("this public endpoint is busy: ", limits_.together, " calls without a key are answered at a time"));
  }
  if (known_.size() >= limits_.most_addresses && !known_.contains(address)) {
    // Who has rested long enough is as one who never came.
    std::erase_if(known_, [&](const auto& one) { return left(one.second, now) >= limits_.at_once; });
    if (known_.size() >= limits_.most_addresses) refuse("too many callers without a key come at a time");
  }
  Allowance& allowance = known_.try_emplace(address, Allowance{limits_.at_once, now}).first->second;
  allowance = {left(allowance, now), now};
  if (allowance.left < 1) {
    refuse(text("too many calls without a key: ", limits_.each_second, " a second are answered from one address"));
  }
  allowance.left -= 1;
  ++inside_;
}

void Strangers::leave() {
  const std::lock_guard lock(mutex_);
  --inside_;
}

}  // namespace graft
