#include <ctime>

#include "base/error.h"
#include "base/json.h"
#include "control/iam_parts.h"
#include "http/url.h"
#include "identity/time_text.h"

namespace graft::iam {
namespace {

using aws::Support;

constexpr std::size_t kMostDocument = 131'072;

std::string document_of(const Json& input, const char* name) {
  const std::string document = aws::text_of(input, name, {.least = 1, .most = kMostDocument});
  try {
    require(parse_json(document, name).is_object(), name, " is no JSON object");
  } catch (const Error& error) {
    throw Error(Kind::invalid, "MalformedPolicyDocument", error.what());
  }
  return document;
}

// "/service-role/" of "arn:aws:iam::1:role/service-role/NAME".
std::string path_of(const IamRole& role) {
  const std::size_t begin = role.arn.find(":role") + 5;
  return role.arn.substr(begin, role.arn.rfind('/') + 1 - begin);
}

Json describe(const std::string& account, const IamRole& role) {
  return {{"Path", path_of(role)},
          {"RoleName", role.name},
          {"RoleId", "AROA" + account + role.name},
          {"Arn", role.arn},
          {"CreateDate", readable_time(role.created)},
          {"AssumeRolePolicyDocument", percent_encode(role.trust)},
          {"MaxSessionDuration", 43'200}};
}

IamRole named_role(const Identity& identity, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "RoleName", name_rule());
  const auto role = identity.role(caller.account, name);
  if (!role) no_such_entity(text("The role with name ", name, " cannot be found."));
  return *role;
}

Json create_role(Identity& identity, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "RoleName", name_rule());
  const std::string path =
      aws::text_if(input, "Path", {.least = 1, .most = 512, .pattern = R"(/|/[!-~]*/)"}).value_or("/");
  if (identity.role(caller.account, name)) {
    throw Error(Kind::conflict, "EntityAlreadyExists", text("Role with name ", name, " already exists."));
  }
  const IamRole role{.name = name,
                     .arn = "arn:aws:iam::" + caller.account + ":role" + path + name,
                     .trust = document_of(input, "AssumeRolePolicyDocument"),
                     .created = std::time(nullptr)};
  identity.put_role(caller.account, role);
  return {{"Role", describe(caller.account, role)}};
}

Json delete_role(Identity& identity, const Caller& caller, const Json& input) {
  const IamRole role = named_role(identity, caller, input);
  if (!identity.policies(caller.account, role.name).empty()) {
    throw Error(Kind::conflict, "DeleteConflict", "Cannot delete entity, must detach all policies first.");
  }
  identity.erase_role(caller.account, role.name);
  return nullptr;
}

Json list_roles(const Identity& identity, const Caller& caller, const Json& input) {
  const std::string prefix = aws::text_if(input, "PathPrefix", {.most = 512}).value_or("/");
  Json roles = Json::array();
  for (const IamRole& role : identity.roles(caller.account)) {
    if (path_of(role).starts_with(prefix)) roles.push_back(describe(caller.account, role));
  }
  return {{"Roles", roles}, {"IsTruncated", false}};
}

// Policies of one kind are told from those of the other by their names: an ARN has colons, which names must not have.
constexpr const char* kArnPattern = R"(arn:[!-~]+)";

std::string policy_arn(const Json& input) {
  return aws::text_of(input, "PolicyArn", {.least = 20, .most = 2048, .pattern = kArnPattern});
}

std::string policy_name(const Json& input) {
  return aws::text_of(input, "PolicyName", {.least = 1, .most = 128, .pattern = R"([\w+=,.@-]+)"});
}

std::string recorded_policy(const Identity& identity, const Caller& caller, const IamRole& role,
                            const std::string& policy) {
  const auto policies = identity.policies(caller.account, role.name);
  const auto found = policies.find(policy);
  if (found == policies.end()) no_such_entity(text("The role ", role.name, " has no policy ", policy, "."));
  return found->second;
}

Json list_attached(const Identity& identity, const Caller& caller, const Json& input) {
  Json policies = Json::array();
  for (const auto& [name, document] : identity.policies(caller.account, named_role(identity, caller, input).name)) {
    if (!name.starts_with("arn:")) continue;
    policies.push_back({{"PolicyName", name.substr(name.rfind('/') + 1)}, {"PolicyArn", name}});
  }
  return {{"AttachedPolicies", policies}, {"IsTruncated", false}};
}

Json list_inline(const Identity& identity, const Caller& caller, const Json& input) {
  Json names = Json::array();
  for (const auto& [name, document] : identity.policies(caller.account, named_role(identity, caller, input).name)) {
    if (!name.starts_with("arn:")) names.push_back(name);
  }
  return {{"PolicyNames", names}, {"IsTruncated", false}};
}

using Call = Json (*)(Identity&, const Caller&, const Json&);

Json attach(Identity& identity, const Caller& caller, const Json& input) {
  identity.put_policy(caller.account, named_role(identity, caller, input).name, policy_arn(input), "");
  return nullptr;
}

// Of either kind.
Json erase(Identity& identity, const Caller& caller, const Json& input, const std::string& policy) {
  const IamRole role = named_role(identity, caller, input);
  recorded_policy(identity, caller, role, policy);
  identity.erase_policy(caller.account, role.name, policy);
  return nullptr;
}

Json detach(Identity& identity, const Caller& caller, const Json& input) {
  return erase(identity, caller, input, policy_arn(input));
}

Json put_policy(Identity& identity, const Caller& caller, const Json& input) {
  identity.put_policy(caller.account, named_role(identity, caller, input).name, policy_name(input),
                      document_of(input, "PolicyDocument"));
  return nullptr;
}

Json get_policy(Identity& identity, const Caller& caller, const Json& input) {
  const IamRole role = named_role(identity, caller, input);
  const std::string name = policy_name(input);
  return {{"RoleName", role.name},
          {"PolicyName", name},
          {"PolicyDocument", percent_encode(recorded_policy(identity, caller, role, name))}};
}

Json delete_policy(Identity& identity, const Caller& caller, const Json& input) {
  return erase(identity, caller, input, policy_name(input));
}

}  // namespace

void no_such_entity(const std::string& sentence) {
  throw Error(Kind::not_found, "NoSuchEntity", sentence);
}

std::vector<aws::Operation> role_operations(Identity& identity) {
  const aws::Field role{"RoleName", Support::done}, policy{"PolicyName", Support::done},
      most{"MaxItems", Support::ignored};
  const aws::Field arn{"PolicyArn", Support::ignored, "recorded; policies change nothing"};
  const auto run = [&identity](Call call) {
    return [&identity, call](const Caller& caller, const Json& input) { return call(identity, caller, input); };
  };
  return {
      {"CreateRole",
       {role,
        {"AssumeRolePolicyDocument", Support::ignored, "recorded; every user of the account may assume the role"},
        {"Path", Support::done},
        {"Description", Support::ignored},
        {"MaxSessionDuration", Support::ignored},
        {"Tags", Support::ignored},
        {"PermissionsBoundary", Support::refused, "a role has all rights of its account"}},
       run(create_role)},
      {"GetRole", {role}, run([](Identity& of, const Caller& caller, const Json& input) -> Json {
         return {{"Role", describe(caller.account, named_role(of, caller, input))}};
       })},
      {"ListRoles",
       {{"PathPrefix", Support::done}, most},
       run([](Identity& of, const Caller& caller, const Json& input) { return list_roles(of, caller, input); })},
      {"DeleteRole", {role}, run(delete_role)},
      {"AttachRolePolicy", {role, arn}, run(attach)},
      {"DetachRolePolicy", {role, arn}, run(detach)},
      {"ListAttachedRolePolicies",
       {role, most, {"PathPrefix", Support::ignored}},
       run([](Identity& of, const Caller& caller, const Json& input) { return list_attached(of, caller, input); })},
      {"PutRolePolicy",
       {role, policy, {"PolicyDocument", Support::ignored, "recorded; policies change nothing"}},
       run(put_policy)},
      {"GetRolePolicy", {role, policy}, run(get_policy)},
      {"DeleteRolePolicy", {role, policy}, run(delete_policy)},
      {"ListRolePolicies", {role, most}, run([](Identity& of, const Caller& caller, const Json& input) {
         return list_inline(of, caller, input);
       })},
  };
}

}  // namespace graft::iam
