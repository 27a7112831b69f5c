// Users, their access keys, accounts, roles, and the log of who did what. Kept in SQLite; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "identity/caller.h"

namespace graft {

struct AccessKey {
  std::string access_key{};  // "AKIA" and 16 letters and digits
  std::string secret_key{};  // 40 characters
  std::string account{};     // twelve digits
  std::string user{};
  std::int64_t created = 0;  // seconds since 1970
  bool revoked = false;
};

struct Role {
  std::string name{}, arn{};
  std::string trust{};  // its AssumeRolePolicyDocument
  std::int64_t created = 0;
};

class Identity {
 public:
  // Kept in `folder`, which is made, and is readable by its owner only.
  explicit Identity(const std::filesystem::path& folder);
  ~Identity();

  // A key of a user, who is made where missing; in a new account where none is named.
  AccessKey add_key(const std::string& user, const std::optional<std::string>& account = {});
  std::optional<AccessKey> find_key(const std::string& access_key) const;
  std::vector<AccessKey> keys() const;
  void revoke(const std::string& access_key);

  // A temporary key with a session token (STS AssumeRole and GetSessionToken).
  struct Session {
    AccessKey key{};
    std::string token{};
    std::int64_t expires = 0;  // seconds since 1970
  };
  Session add_session(const Caller& caller, const std::string& role_arn, std::int64_t seconds);
  std::optional<Session> find_session(const std::string& access_key) const;

  std::optional<Role> role(const std::string& account, const std::string& name) const;
  std::vector<Role> roles(const std::string& account) const;
  void put_role(const std::string& account, const Role& role);
  void erase_role(const std::string& account, const std::string& name);

  // One line of JSON in audit.jsonl: time, who, from where, service, operation, resource, and what became of it.
  void audit(const Caller& caller, const std::string& client, const std::string& operation, const std::string& resource,
             int status, const std::string& code = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
