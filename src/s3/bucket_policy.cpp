#include "s3/bucket_policy.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json.h"
#include "s3/errors.h"

namespace graft::s3 {
namespace {

std::vector<std::string> strings_of(const Json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  std::vector<std::string> strings;
  if (!value.is_array()) return strings;
  for (const Json& one : value) strings.push_back(one.is_string() ? one.get<std::string>() : "");
  return strings;
}

std::vector<std::string> strings_of(const Json& statement, const char* name) {
  return statement.contains(name) ? strings_of(statement[name]) : std::vector<std::string>();
}

std::vector<Json> statements_of(const Json& policy) {
  const Json& given = policy["Statement"];
  return given.is_array() ? given.get<std::vector<Json>>() : std::vector<Json>{given};
}

bool is_everyone(const Json& principal) {
  const Json& who = principal.is_object() && principal.contains("AWS") ? principal["AWS"] : principal;
  const auto names = strings_of(who);
  return names.size() == 1 && names.front() == "*";
}

bool is_about_objects(std::string_view action) {
  return action == "s3:GetObject" || action == "s3:GetObjectVersion";
}

bool is_about_bucket(std::string_view action) {
  return action == "s3:ListBucket" || action == "s3:ListBucketVersions" || action == "s3:GetBucketLocation";
}

std::string arn_of(const std::string& bucket) {
  return "arn:aws:s3:::" + bucket;
}

// "arn:aws:s3:::BUCKET/a/*": objects, all of them or below a prefix, or a single one.
bool is_of_objects(const std::string& resource, const std::string& bucket) {
  const std::size_t star = resource.find_first_of("*?");
  return resource.starts_with(arn_of(bucket) + "/") &&
         (star == std::string::npos || (star + 1 == resource.size() && resource.back() == '*'));
}

bool covers(std::string_view resource, std::string_view arn) {
  return resource.ends_with('*') ? arn.starts_with(resource.substr(0, resource.size() - 1)) : arn == resource;
}

void check_statement(const Json& statement, const std::string& bucket) {
  demand(statement.is_object(), Code::malformed_policy, "a statement of the policy is no object");
  const auto effects = strings_of(statement, "Effect"), actions = strings_of(statement, "Action"),
             resources = strings_of(statement, "Resource");
  demand(effects.size() == 1 && !actions.empty() && !resources.empty(), Code::malformed_policy,
         "a statement of the policy needs Effect, Principal, Action and Resource");
  const bool plain = effects.front() == "Allow" && !statement.contains("Condition") &&
                     statement.contains("Principal") && is_everyone(statement["Principal"]);
  const auto known = [](const std::string& action) { return is_about_objects(action) || is_about_bucket(action); };
  const auto ours = [&](const std::string& resource) {
    return resource == arn_of(bucket) || is_of_objects(resource, bucket);
  };
  demand(plain && std::ranges::all_of(actions, known) && std::ranges::all_of(resources, ours), Code::not_implemented,
         "the only policy that is implemented lets everyone (Principal *) do s3:GetObject with ", arn_of(bucket),
         "/* or a prefix below it, and s3:ListBucket with ", arn_of(bucket), ", without conditions");
  const bool objects = std::ranges::any_of(resources, [&](const auto& each) { return is_of_objects(each, bucket); });
  const bool whole = std::ranges::find(resources, arn_of(bucket)) != resources.end();
  for (const std::string& action : actions) {
    demand(is_about_objects(action) ? objects : whole, Code::malformed_policy,
           "Action does not apply to any resource(s) in statement: ", action);
  }
}

// Whether a statement has the action and the resource.
bool allows(const std::string& document, bool (*is_action)(std::string_view), const std::string& arn) {
  if (document.empty()) return false;
  const auto statements = statements_of(parse_json(document, "the policy"));
  return std::ranges::any_of(statements, [&](const Json& statement) {
    return std::ranges::any_of(strings_of(statement, "Action"), is_action) &&
           std::ranges::any_of(strings_of(statement, "Resource"), [&](const auto& each) { return covers(each, arn); });
  });
}

}  // namespace

void check_policy(const std::string& document, const std::string& bucket) {
  Json policy;
  try {
    policy = parse_json(document, "the policy");
  } catch (const Error& error) {
    refuse(Code::malformed_policy, error.what());
  }
  demand(policy.is_object() && policy.contains("Statement"), Code::malformed_policy, "the policy has no Statement");
  const auto statements = statements_of(policy);
  demand(!statements.empty(), Code::malformed_policy, "the policy has no Statement");
  for (const Json& statement : statements) check_statement(statement, bucket);
}

bool policy_lists(const std::string& document, const std::string& bucket) {
  const auto lists = [](std::string_view action) { return action == "s3:ListBucket"; };
  return allows(document, lists, arn_of(bucket));
}

bool policy_reads(const std::string& document, const std::string& bucket, std::string_view key) {
  const auto reads = [](std::string_view action) { return action == "s3:GetObject"; };
  return allows(document, reads, arn_of(bucket) + "/" + std::string(key));
}

}  // namespace graft::s3
