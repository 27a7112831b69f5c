// Users, their access keys, accounts, roles, and the log of who did what. Kept in SQLite; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
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

struct User {
  std::string name{};
  std::int64_t created = 0;  // seconds since 1970
};

struct IamRole {
  std::string name{}, arn{};
  std::string trust{};  // its AssumeRolePolicyDocument
  std::int64_t created = 0;
};

// Another process may change the same folder: what it changed counts at once.
class Identity {
 public:
  // Kept in `folder`, which is made, and is readable by its owner only.
  explicit Identity(const std::filesystem::path& folder);
  ~Identity();

  // A key of a user, who is made where missing. Where no account is named, in the one that was made for him by such a
  // call, or in a new one.
  AccessKey add_key(const std::string& user, const std::optional<std::string>& account = {});
  // Also one that was revoked, which says so.
  std::optional<AccessKey> find_key(const std::string& access_key) const;
  std::vector<AccessKey> keys() const;
  // With all sessions that were opened with it. Throws Kind::not_found where there is no such key.
  void revoke(const std::string& access_key);

  // Whether he was made; users() in the order of their names.
  bool add_user(const std::string& account, const std::string& user);
  std::vector<User> users(const std::string& account) const;

  // A temporary key with a session token (STS AssumeRole and GetSessionToken).
  struct Session {
    AccessKey key{};
    std::string token{};
    std::int64_t expires = 0;  // seconds since 1970
    std::string role_arn{};    // empty: of GetSessionToken
  };
  // `name`: of the session, as its user is called in the audit log.
  Session add_session(const Caller& caller, const std::string& role_arn, std::int64_t seconds,
                      const std::string& name = {});
  std::optional<Session> find_session(const std::string& access_key) const;

  std::optional<IamRole> role(const std::string& account, const std::string& name) const;
  std::vector<IamRole> roles(const std::string& account) const;
  void put_role(const std::string& account, const IamRole& role);
  // With its policies.
  void erase_role(const std::string& account, const std::string& name);
  // Policies are recorded, and change nothing: by name or ARN, with the document where there is one.
  void put_policy(const std::string& account, const std::string& role, const std::string& policy,
                  const std::string& document);
  void erase_policy(const std::string& account, const std::string& role, const std::string& policy);
  std::map<std::string, std::string> policies(const std::string& account, const std::string& role) const;

  // One line of JSON in audit.jsonl: time, who, from where, service, operation, resource, and what became of it.
  void audit(const Caller& caller, const std::string& client, const std::string& operation, const std::string& resource,
             int status, const std::string& code = {});

  // Whether a signature was seen before and is too late now to be an honest repetition; see replay.h.
  bool is_replay(const std::string& signature, std::int64_t now) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
