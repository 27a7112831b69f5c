#include "control/platform_keys.h"

namespace graft {

AccessKey PlatformKeys::of(const std::string& account) {
  static constexpr const char* kUser = "graft";
  const std::lock_guard lock(mutex_);
  if (const auto found = known_.find(account); found != known_.end()) {
    const auto key = identity_.find_key(found->second);
    if (key && !key->revoked) return *key;
  }
  for (const AccessKey& key : identity_.keys()) {
    if (key.account != account || key.user != kUser || key.revoked) continue;
    known_[account] = key.access_key;
    return key;
  }
  const AccessKey key = identity_.add_key(kUser, account);
  known_[account] = key.access_key;
  return key;
}

}  // namespace graft
