#include "aws/check.h"
#include "base/error.h"
#include "base/json.h"
#include "control/iam_parts.h"
#include "control/identity_services.h"
#include "identity/time_text.h"

namespace graft {
namespace {

using aws::Support;

Json describe(const std::string& account, const User& user) {
  return {{"Path", "/"},
          {"UserName", user.name},
          {"UserId", "AIDA" + account + user.name},
          {"Arn", "arn:aws:iam::" + account + ":user/" + user.name},
          {"CreateDate", readable_time(user.created)}};
}

// The user that the input names, or the caller himself.
User named_user(const Identity& identity, const Caller& caller, const Json& input) {
  const std::string name = aws::text_if(input, "UserName", iam::name_rule()).value_or(caller.user);
  for (const User& user : identity.users(caller.account)) {
    if (user.name == name) return user;
  }
  iam::no_such_entity(text("The user with name ", name, " cannot be found."));
}

Json create_user(Identity& identity, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "UserName", iam::name_rule());
  if (!identity.add_user(caller.account, name)) {
    throw Error(Kind::conflict, "EntityAlreadyExists", text("User with name ", name, " already exists."));
  }
  return {{"User", describe(caller.account, named_user(identity, caller, input))}};
}

Json list_users(const Identity& identity, const Caller& caller) {
  Json users = Json::array();
  for (const User& user : identity.users(caller.account)) users.push_back(describe(caller.account, user));
  return {{"Users", users}, {"IsTruncated", false}};
}

Json create_access_key(Identity& identity, const Caller& caller, const Json& input) {
  const AccessKey key = identity.add_key(named_user(identity, caller, input).name, caller.account);
  return {{"AccessKey",
           {{"UserName", key.user},
            {"AccessKeyId", key.access_key},
            {"Status", "Active"},
            {"SecretAccessKey", key.secret_key},
            {"CreateDate", readable_time(key.created)}}}};
}

Json list_access_keys(const Identity& identity, const Caller& caller, const Json& input) {
  const User user = named_user(identity, caller, input);
  Json keys = Json::array();
  for (const AccessKey& key : identity.keys()) {
    if (key.account != caller.account || key.user != user.name || key.revoked) continue;
    keys.push_back({{"UserName", key.user},
                    {"AccessKeyId", key.access_key},
                    {"Status", "Active"},
                    {"CreateDate", readable_time(key.created)}});
  }
  return {{"AccessKeyMetadata", keys}, {"IsTruncated", false}};
}

Json delete_access_key(Identity& identity, const Caller& caller, const Json& input) {
  const std::string access_key = aws::text_of(input, "AccessKeyId", {.least = 16, .most = 128, .pattern = R"([\w]*)"});
  const auto key = identity.find_key(access_key);
  // Another account's key is as if it were none.
  if (!key || key->revoked || key->account != caller.account) {
    iam::no_such_entity(text("The Access Key with id ", access_key, " cannot be found."));
  }
  const auto user = aws::text_if(input, "UserName", iam::name_rule());
  if (user && *user != key->user)
    iam::no_such_entity(text("The Access Key with id ", access_key, " is not of ", *user, "."));
  identity.revoke(access_key);
  return nullptr;
}

std::vector<aws::Operation> user_operations(Identity& identity) {
  const aws::Field user{"UserName", Support::done};
  return {
      {"CreateUser",
       {user,
        {"Path", Support::refused, "users have no paths"},
        {"PermissionsBoundary", Support::refused, "a user has all rights of his account"},
        {"Tags", Support::ignored}},
       [&](const Caller& caller, const Json& input) { return create_user(identity, caller, input); }},
      {"GetUser",
       {user},
       [&](const Caller& caller, const Json& input) -> Json {
         return {{"User", describe(caller.account, named_user(identity, caller, input))}};
       }},
      {"ListUsers",
       {{"PathPrefix", Support::ignored}, {"MaxItems", Support::ignored}},
       [&](const Caller& caller, const Json&) { return list_users(identity, caller); }},
      {"CreateAccessKey",
       {user},
       [&](const Caller& caller, const Json& input) { return create_access_key(identity, caller, input); }},
      {"ListAccessKeys",
       {user, {"MaxItems", Support::ignored}},
       [&](const Caller& caller, const Json& input) { return list_access_keys(identity, caller, input); }},
      {"DeleteAccessKey",
       {user, {"AccessKeyId", Support::done, "as `graft user revoke`: sessions opened with it end too"}},
       [&](const Caller& caller, const Json& input) { return delete_access_key(identity, caller, input); }},
  };
}

}  // namespace

aws::Service iam_service(Identity& identity) {
  aws::Service service{
      .name = "IAM", .target_prefix = "", .signing_name = "iam", .operations = user_operations(identity)};
  for (aws::Operation& operation : iam::role_operations(identity)) service.operations.push_back(std::move(operation));
  return service;
}

}  // namespace graft
