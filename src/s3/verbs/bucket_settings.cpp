// What a bucket is set to: its access, tags and versioning, and all that it cannot be set to.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "s3/access_xml.h"
#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/receive.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostBody = 64 << 10, kMostPolicy = 20 << 10, kMostTags = 50;

std::vector<std::string> strings_of(const Json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  std::vector<std::string> strings;
  if (!value.is_array()) return strings;
  for (const Json& one : value) strings.push_back(one.is_string() ? one.get<std::string>() : "");
  return strings;
}

bool is_everyone(const Json& principal) {
  const Json& who = principal.is_object() && principal.contains("AWS") ? principal["AWS"] : principal;
  const auto names = strings_of(who);
  return names.size() == 1 && names.front() == "*";
}

// Whether a statement lets everyone read, and nothing else.
bool gives_reading(const Json& statement, const std::string& bucket) {
  if (!statement.is_object() || statement.value("Effect", "") != "Allow" || statement.contains("Condition"))
    return false;
  if (!statement.contains("Principal") || !is_everyone(statement["Principal"])) return false;
  const auto actions = strings_of(statement.value("Action", Json())),
             resources = strings_of(statement.value("Resource", Json()));
  const auto reads = [](const std::string& action) {
    return action == "s3:GetObject" || action == "s3:ListBucket" || action == "s3:GetBucketLocation";
  };
  const std::string arn = "arn:aws:s3:::" + bucket;
  const auto whole = [&](const std::string& resource) { return resource == arn || resource == arn + "/*"; };
  return !actions.empty() && std::all_of(actions.begin(), actions.end(), reads) && !resources.empty() &&
         std::all_of(resources.begin(), resources.end(), whole);
}

void check_policy(const std::string& document, const std::string& bucket) {
  Json policy;
  try {
    policy = parse_json(document, "the policy");
  } catch (const Error& error) {
    refuse(Code::malformed_policy, error.what());
  }
  demand(policy.is_object() && policy.contains("Statement"), Code::malformed_policy, "the policy has no Statement");
  const Json& given = policy["Statement"];
  const Json statements = given.is_array() ? given : Json::array({given});
  for (const Json& statement : statements) {
    demand(gives_reading(statement, bucket), Code::not_implemented,
           "the only policy that is implemented lets everyone (Principal *) do s3:GetObject and s3:ListBucket with "
           "the whole bucket");
  }
}

}  // namespace

Response get_bucket_versioning(Call& call) {
  open_bucket(call, Access::write);
  return xml_answer(Xml("VersioningConfiguration").finish());
}

Response put_bucket_versioning(Call& call) {
  open_bucket(call, Access::write);
  const auto status = parse_text(receive_text(call, kMostBody), "VersioningConfiguration", "Status");
  demand(status == "Suspended", Code::not_implemented,
         "versions of objects are not implemented; a bucket keeps the last");
  return empty_answer(200);
}

Response get_bucket_acl(Call& call) {
  const Bucket bucket = open_bucket(call, Access::write);
  return xml_answer(access_xml(bucket.account, bucket.is_public));
}

Response put_bucket_acl(Call& call) {
  Bucket bucket = open_bucket(call, Access::write);
  const std::string body = receive_text(call, kMostBody);
  bucket.is_public = body.empty() ? public_by_acl(call) : parse_public_acl(body, bucket.account);
  bucket.policy.clear();
  change_bucket(call.store, bucket);
  return empty_answer(200);
}

Response get_bucket_policy(Call& call) {
  const Bucket bucket = open_bucket(call, Access::write);
  demand(!bucket.policy.empty(), Code::no_such_bucket_policy, "the bucket ", bucket.name, " has no policy");
  return {.content_type = "application/json", .body = bucket.policy};
}

Response get_bucket_policy_status(Call& call) {
  const Bucket bucket = open_bucket(call, Access::write);
  demand(!bucket.policy.empty(), Code::no_such_bucket_policy, "the bucket ", bucket.name, " has no policy");
  Xml xml("PolicyStatus");
  xml.add("IsPublic", bucket.is_public);
  return xml_answer(xml.finish());
}

Response put_bucket_policy(Call& call) {
  Bucket bucket = open_bucket(call, Access::write);
  bucket.policy = receive_text(call, kMostPolicy);
  check_policy(bucket.policy, bucket.name);
  bucket.is_public = true;
  change_bucket(call.store, bucket);
  return empty_answer();
}

Response delete_bucket_policy(Call& call) {
  Bucket bucket = open_bucket(call, Access::write);
  if (!bucket.policy.empty()) bucket.is_public = false;
  bucket.policy.clear();
  change_bucket(call.store, bucket);
  return empty_answer();
}

Response get_bucket_tagging(Call& call) {
  const Bucket bucket = open_bucket(call, Access::write);
  demand(!bucket.tags.empty(), Code::no_such_tag_set, "the bucket ", bucket.name, " has no tags");
  return xml_answer(tags_xml(bucket.tags));
}

Response put_bucket_tagging(Call& call) {
  Bucket bucket = open_bucket(call, Access::write);
  bucket.tags = parse_tagging(receive_text(call, kMostBody));
  check_tags(bucket.tags, kMostTags);
  change_bucket(call.store, bucket);
  return empty_answer();
}

Response delete_bucket_tagging(Call& call) {
  Bucket bucket = open_bucket(call, Access::write);
  bucket.tags.clear();
  change_bucket(call.store, bucket);
  return empty_answer();
}

Response get_unset(Call& call) {
  const Bucket bucket = open_bucket(call, Access::write);
  const auto is = [&](const char* name) { return call.parameter(name).has_value(); };
  constexpr std::string_view kNot = " has no such setting";
  demand(!is("cors"), Code::no_such_cors, bucket.name, kNot);
  demand(!is("encryption"), Code::no_such_encryption, bucket.name, kNot);
  demand(!is("lifecycle"), Code::no_such_lifecycle, bucket.name, kNot);
  demand(!is("website"), Code::no_such_website, bucket.name, kNot);
  demand(!is("replication"), Code::no_such_replication, bucket.name, kNot);
  demand(!is("object-lock"), Code::no_such_object_lock, bucket.name, kNot);
  demand(!is("ownershipControls"), Code::no_such_ownership_controls, bucket.name, kNot);
  demand(!is("publicAccessBlock"), Code::no_such_public_access_block, bucket.name, kNot);
  if (is("requestPayment")) {
    Xml xml("RequestPaymentConfiguration");
    xml.add("Payer", "BucketOwner");
    return xml_answer(xml.finish());
  }
  return xml_answer(Xml(is("logging")        ? "BucketLoggingStatus"
                        : is("notification") ? "NotificationConfiguration"
                                             : "AccelerateConfiguration")
                        .finish());
}

}  // namespace graft::s3
