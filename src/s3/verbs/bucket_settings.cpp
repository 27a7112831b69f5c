// What a bucket is set to: its access, tags and versioning, and all that it cannot be set to.
#include "s3/access_xml.h"
#include "s3/bucket_policy.h"
#include "s3/cors.h"
#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/public_access.h"
#include "s3/receive.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostBody = 64 << 10, kMostPolicy = 20 << 10, kMostTags = 50;

bool flag_of(std::string_view xml, std::string_view name) {
  const std::string value = parse_text(xml, "PublicAccessBlockConfiguration", name).value_or("false");
  const bool yes = value == "true" || value == "TRUE";
  demand(yes || value == "false" || value == "FALSE", Code::malformed_xml, "<", name, "> has to be true or false");
  return yes;
}

}  // namespace

Response get_bucket_versioning(Call& call) {
  open_bucket(call, Access::own);
  return xml_answer(Xml("VersioningConfiguration").finish());
}

Response put_bucket_versioning(Call& call) {
  open_bucket(call, Access::own);
  const auto status = parse_text(receive_text(call, kMostBody), "VersioningConfiguration", "Status");
  demand(status == "Suspended", Code::not_implemented,
         "versions of objects are not implemented; a bucket keeps the last");
  return empty_answer(200);
}

Response get_bucket_acl(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  return xml_answer(access_xml(bucket.account, bucket.is_public));
}

Response put_bucket_acl(Call& call) {
  Bucket bucket = open_bucket(call, Access::own);
  const std::string body = receive_text(call, kMostBody);
  bucket.is_public = body.empty() ? public_by_acl(call) : parse_public_acl(body, bucket.account);
  check_public_acl(call, bucket, bucket.is_public);
  change_bucket(call.store, bucket);
  return empty_answer(200);
}

Response get_bucket_policy(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  demand(!bucket.policy.empty(), Code::no_such_bucket_policy, "the bucket ", bucket.name, " has no policy");
  return {.content_type = "application/json", .body = bucket.policy};
}

Response get_bucket_policy_status(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  demand(!bucket.policy.empty(), Code::no_such_bucket_policy, "the bucket ", bucket.name, " has no policy");
  Xml xml("PolicyStatus");
  xml.add("IsPublic", true);  // there is no policy of another kind
  return xml_answer(xml.finish());
}

Response put_bucket_policy(Call& call) {
  Bucket bucket = open_bucket(call, Access::own);
  bucket.policy = receive_text(call, kMostPolicy);
  check_policy(bucket.policy, bucket.name);
  const auto block = find_access_block(call.store, bucket.id);
  demand(!block || !block->block_policy, Code::access_denied, "the bucket ", bucket.name,
         " is set not to take a policy that gives anything to everyone (BlockPublicPolicy)");
  change_bucket(call.store, bucket);
  return empty_answer();
}

Response delete_bucket_policy(Call& call) {
  Bucket bucket = open_bucket(call, Access::own);
  bucket.policy.clear();
  change_bucket(call.store, bucket);
  return empty_answer();
}

Response get_bucket_tagging(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  demand(!bucket.tags.empty(), Code::no_such_tag_set, "the bucket ", bucket.name, " has no tags");
  return xml_answer(tags_xml(bucket.tags));
}

Response put_bucket_tagging(Call& call) {
  Bucket bucket = open_bucket(call, Access::own);
  bucket.tags = parse_tagging(receive_text(call, kMostBody));
  check_tags(bucket.tags, kMostTags);
  change_bucket(call.store, bucket);
  return empty_answer();
}

Response delete_bucket_tagging(Call& call) {
  Bucket bucket = open_bucket(call, Access::own);
  bucket.tags.clear();
  change_bucket(call.store, bucket);
  return empty_answer();
}

Response get_public_access_block(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const auto block = find_access_block(call.store, bucket.id);
  demand(block.has_value(), Code::no_such_public_access_block, "The public access block configuration was not found");
  Xml xml("PublicAccessBlockConfiguration");
  xml.add("BlockPublicAcls", block->block_acls);
  xml.add("IgnorePublicAcls", block->ignore_acls);
  xml.add("BlockPublicPolicy", block->block_policy);
  xml.add("RestrictPublicBuckets", block->restrict_buckets);
  return xml_answer(xml.finish());
}

Response put_public_access_block(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const std::string body = receive_text(call, kMostBody);
  set_access_block(call.store, bucket.id,
                   PublicAccessBlock{.block_acls = flag_of(body, "BlockPublicAcls"),
                                     .ignore_acls = flag_of(body, "IgnorePublicAcls"),
                                     .block_policy = flag_of(body, "BlockPublicPolicy"),
                                     .restrict_buckets = flag_of(body, "RestrictPublicBuckets")});
  return empty_answer(200);
}

Response delete_public_access_block(Call& call) {
  set_access_block(call.store, open_bucket(call, Access::own).id, std::nullopt);
  return empty_answer();
}

Response get_bucket_cors(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  auto rules = find_setting(call.store, bucket.id, kCorsSetting);
  demand(rules.has_value(), Code::no_such_cors, "The CORS configuration does not exist");
  return xml_answer(std::move(*rules));
}

Response put_bucket_cors(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  set_setting(call.store, bucket.id, kCorsSetting, cors_xml(parse_cors(receive_text(call, kMostBody))));
  return empty_answer(200);
}

Response delete_bucket_cors(Call& call) {
  set_setting(call.store, open_bucket(call, Access::own).id, kCorsSetting, "");
  return empty_answer();
}

Response get_unset(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const auto is = [&](const char* name) { return call.parameter(name).has_value(); };
  constexpr std::string_view kNot = " has no such setting";
  demand(!is("encryption"), Code::no_such_encryption, bucket.name, kNot);
  demand(!is("lifecycle"), Code::no_such_lifecycle, bucket.name, kNot);
  demand(!is("website"), Code::no_such_website, bucket.name, kNot);
  demand(!is("replication"), Code::no_such_replication, bucket.name, kNot);
  demand(!is("object-lock"), Code::no_such_object_lock, bucket.name, kNot);
  demand(!is("ownershipControls"), Code::no_such_ownership_controls, bucket.name, kNot);
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
