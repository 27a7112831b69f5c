// The keys with which jobs and models of an account reach its objects: those of a user "graft", one for each account.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "identity/identity.h"

namespace graft {

class PlatformKeys {
 public:
  // `identity` must outlive it.
  explicit PlatformKeys(Identity& identity) : identity_(identity) {}

  // Makes it where there is none, or where it was revoked. Thread-safe.
  AccessKey of(const std::string& account);

 private:
  Identity& identity_;
  std::mutex mutex_;
  std::map<std::string, std::string> known_;  // guarded by mutex_: a key's public half, by account
};

}  // namespace graft
