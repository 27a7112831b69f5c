#include "identity/identity.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <mutex>

#include "base/error.h"
#include "base/file.h"
#include "database/database.h"
#include "identity/audit.h"
#include "identity/replay.h"
#include "identity/secret.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDigits = "0123456789", kNoZero = "123456789";
constexpr std::string_view kKeyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
// Without '/' and '+', which have to be escaped in addresses and which people cut off when they copy.
constexpr std::string_view kSecretLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::size_t kSecretLength = 40, kTokenLength = 128;

constexpr const char* kTables = R"(
  create table if not exists users (account text, name text, created integer not null, primary key (account, name));
  create table if not exists keys (access_key text primary key, secret_key text not null, account text not null,
    user text not null, created integer not null, revoked integer not null default 0);
  create table if not exists sessions (access_key text primary key, secret_key text not null, account text not null,
    user text not null, parent text not null, role text not null, token text not null, created integer not null,
    expires integer not null);
  create table if not exists roles (account text, name text, arn text not null, trust text not null,
    created integer not null, primary key (account, name));
  create table if not exists policies (account text, role text, name text, document text not null,
    primary key (account, role, name));
)";

// SQLite gives the files beside its own the rights of that one.
fs::path private_file(const fs::path& folder) {
  make_folder(folder);
  std::error_code ignored;
  fs::permissions(folder, fs::perms::owner_all, ignored);
  const fs::path file = folder / "identity.db";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) fail(Kind::unavailable, file.string(), ": ", system_message());
  ::close(fd);
  return file;
}

void check_account(std::string_view account) {
  const bool digits = std::ranges::all_of(account, [](char c) { return c >= '0' && c <= '9'; });
  require(account.size() == 12 && digits, "\"", account.substr(0, 40), "\" is no account: these are twelve digits");
}

// IAM's rule for names of users and roles.
void check_name(std::string_view name, std::string_view what) {
  const bool good = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  });
  require(good && !name.empty() && name.size() <= 64, "\"", name.substr(0, 80), "\" is no name of a ", what,
          ": these are up to 64 letters, digits and _+=,.@-");
}

AccessKey read_key(const Rows& rows) {
  return {rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.integer(4), rows.integer(5) != 0};
}

IamRole read_role(const Rows& rows) {
  return {rows.text(0), rows.text(1), rows.text(2), rows.integer(3)};
}

}  // namespace

struct Identity::State {
  explicit State(const fs::path& folder) : database(private_file(folder)), log(folder) { database.script(kTables); }
  std::mutex mutex{};
  Database database;  // guarded by mutex
  AuditLog log;
  Replay replay{};

  bool insert_user(const std::string& account, const std::string& user) {
    database.run("insert or ignore into users values (?, ?, ?)", account, user, std::time(nullptr));
    return database.changed() > 0;
  }
  // The account that was made for him: users of other accounts may have made one of his name.
  std::string account_of(const std::string& user) {
    Rows rows = database.query(
        "select account from users where name = ? and rowid = (select min(rowid) from users same where same.account = "
        "users.account) order by rowid limit 1",
        user);
    return rows.next() ? rows.text(0) : random_text(kNoZero, 1) + random_text(kDigits, 11);
  }
};

Identity::Identity(const fs::path& folder) : state_(std::make_unique<State>(folder)) {}
Identity::~Identity() = default;

AccessKey Identity::add_key(const std::string& user, const std::optional<std::string>& account) {
  check_name(user, "user");
  if (account) check_account(*account);
  const std::lock_guard lock(state_->mutex);
  Transaction transaction(state_->database);
  AccessKey key{.access_key = "AKIA" + random_text(kKeyLetters, 16),
                .secret_key = random_text(kSecretLetters, kSecretLength),
                .account = account ? *account : state_->account_of(user),
                .user = user,
                .created = std::time(nullptr)};
  state_->insert_user(key.account, user);
  state_->database.run("insert into keys values (?, ?, ?, ?, ?, 0)", key.access_key, key.secret_key, key.account,
                       key.user, key.created);
  transaction.commit();
  return key;
}

std::optional<AccessKey> Identity::find_key(const std::string& access_key) const {
  const std::lock_guard lock(state_->mutex);
  Rows rows = state_->database.query(
      "select access_key, secret_key, account, user, created, revoked from keys where access_key = ?", access_key);
  return rows.next() ? std::optional(read_key(rows)) : std::nullopt;
}

std::vector<AccessKey> Identity::keys() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<AccessKey> keys;
  for (Rows rows = state_->database.query("select access_key, secret_key, account, user, created, revoked from keys "
                                          "order by account, user, created, access_key");
       rows.next();) {
    keys.push_back(read_key(rows));
  }
  return keys;
}

void Identity::revoke(const std::string& access_key) {
  const std::lock_guard lock(state_->mutex);
  Transaction transaction(state_->database);
  state_->database.run("update keys set revoked = 1 where access_key = ?", access_key);
  if (state_->database.changed() == 0) fail(Kind::not_found, "there is no access key ", access_key);
  state_->database.run("delete from sessions where parent = ?", access_key);
  transaction.commit();
}

bool Identity::add_user(const std::string& account, const std::string& user) {
  check_account(account);
  check_name(user, "user");
  const std::lock_guard lock(state_->mutex);
  return state_->insert_user(account, user);
}

std::vector<User> Identity::users(const std::string& account) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<User> users;
  for (Rows rows = state_->database.query("select name, created from users where account = ? order by name", account);
       rows.next();) {
    users.push_back({rows.text(0), rows.integer(1)});
  }
  return users;
}

Identity::Session Identity::add_session(const Caller& caller, const std::string& role_arn, std::int64_t seconds,
                                        const std::string& name) {
  const std::int64_t now = std::time(nullptr);
  Session session{.key = {.access_key = "ASIA" + random_text(kKeyLetters, 16),
                          .secret_key = random_text(kSecretLetters, kSecretLength),
                          .account = caller.account,
                          .user = name.empty() ? caller.user : name,
                          .created = now},
                  .token = random_text(kSecretLetters, kTokenLength),
                  .expires = now + seconds};
  const std::lock_guard lock(state_->mutex);
  Transaction transaction(state_->database);
  state_->database.run("delete from sessions where expires < ?", now - 86400);
  // A session that was opened with a session ends with the key at its root.
  std::string parent = caller.access_key;
  if (Rows rows = state_->database.query("select parent from sessions where access_key = ?", parent); rows.next()) {
    parent = rows.text(0);
  }
  state_->database.run("insert into sessions values (?, ?, ?, ?, ?, ?, ?, ?, ?)", session.key.access_key,
                       session.key.secret_key, session.key.account, session.key.user, parent, role_arn, session.token,
                       now, session.expires);
  transaction.commit();
  return session;
}

std::optional<Identity::Session> Identity::find_session(const std::string& access_key) const {
  const std::lock_guard lock(state_->mutex);
  Rows rows = state_->database.query(
      "select access_key, secret_key, account, user, created, 0, token, expires, role from sessions where access_key = "
      "?",
      access_key);
  if (!rows.next()) return std::nullopt;
  return Session{.key = read_key(rows), .token = rows.text(6), .expires = rows.integer(7), .role_arn = rows.text(8)};
}

std::optional<IamRole> Identity::role(const std::string& account, const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  Rows rows = state_->database.query("select name, arn, trust, created from roles where account = ? and name = ?",
                                     account, name);
  return rows.next() ? std::optional(read_role(rows)) : std::nullopt;
}

std::vector<IamRole> Identity::roles(const std::string& account) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<IamRole> roles;
  for (Rows rows = state_->database.query("select name, arn, trust, created from roles where account = ? order by name",
                                          account);
       rows.next();) {
    roles.push_back(read_role(rows));
  }
  return roles;
}

void Identity::put_role(const std::string& account, const IamRole& role) {
  check_name(role.name, "role");
  const std::lock_guard lock(state_->mutex);
  state_->database.run("insert or replace into roles values (?, ?, ?, ?, ?)", account, role.name, role.arn, role.trust,
                       role.created);
}

void Identity::erase_role(const std::string& account, const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  Transaction transaction(state_->database);
  state_->database.run("delete from roles where account = ? and name = ?", account, name);
  state_->database.run("delete from policies where account = ? and role = ?", account, name);
  transaction.commit();
}

void Identity::put_policy(const std::string& account, const std::string& role, const std::string& policy,
                          const std::string& document) {
  const std::lock_guard lock(state_->mutex);
  state_->database.run("insert or replace into policies values (?, ?, ?, ?)", account, role, policy, document);
}

void Identity::erase_policy(const std::string& account, const std::string& role, const std::string& policy) {
  const std::lock_guard lock(state_->mutex);
  state_->database.run("delete from policies where account = ? and role = ? and name = ?", account, role, policy);
}

std::map<std::string, std::string> Identity::policies(const std::string& account, const std::string& role) const {
  const std::lock_guard lock(state_->mutex);
  std::map<std::string, std::string> policies;
  for (Rows rows =
           state_->database.query("select name, document from policies where account = ? and role = ?", account, role);
       rows.next();) {
    policies.emplace(rows.text(0), rows.text(1));
  }
  return policies;
}

void Identity::audit(const Caller& caller, const std::string& client, const std::string& operation,
                     const std::string& resource, int status, const std::string& code) {
  state_->log.write({std::time(nullptr), caller, client, operation, resource, status, code});
}

bool Identity::is_replay(const std::string& signature, std::int64_t now) const {
  return state_->replay.is_replay(signature, now);
}

}  // namespace graft
