// ListBuckets, CreateBucket, DeleteBucket, HeadBucket, GetBucketLocation.
#include "s3/dates.h"
#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/receive.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostBody = 64 << 10, kMostBuckets = 10'000;

}  // namespace

Response list_buckets(Call& call) {
  demand(!call.caller().anonymous(), Code::access_denied, "listing buckets needs a signed request");
  const std::string prefix = call.parameter("prefix").value_or(""),
                    region = call.parameter("bucket-region").value_or(""),
                    after = call.parameter("continuation-token").value_or("");
  const std::size_t most = std::max<std::size_t>(call.number("max-buckets", kMostBuckets, kMostBuckets), 1);
  Xml xml("ListAllMyBucketsResult");
  add_person(xml, "Owner", call.caller().account);
  xml.open("Buckets");
  std::size_t count = 0;
  std::string last, next;
  for (const Bucket& bucket : buckets_of(call.store, call.caller().account)) {
    if (!bucket.name.starts_with(prefix) || (!region.empty() && bucket.region != region) || bucket.name <= after)
      continue;
    if (count++ == most) {
      next = last;
      break;
    }
    last = bucket.name;
    xml.open("Bucket");
    xml.add("Name", bucket.name);
    xml.add("CreationDate", iso_date(bucket.created));
    xml.add("BucketRegion", bucket.region);
    xml.close();
  }
  xml.close();
  if (!next.empty()) xml.add("ContinuationToken", next);
  return xml_answer(xml.finish());
}

Response create_bucket(Call& call) {
  demand(!call.caller().anonymous(), Code::access_denied, "a bucket is made by a signed request");
  check_bucket_name(call.bucket);
  const std::string body = receive_text(call, kMostBody);
  std::string region = body.empty() ? "" : parse_location(body);
  if (region.empty()) region = call.caller().region.empty() ? "us-east-1" : call.caller().region;
  const Bucket bucket{.name = call.bucket,
                      .account = call.caller().account,
                      .region = region,
                      .created = now(),
                      .is_public = public_by_acl(call)};
  Response response{.headers = {{"Location", "/" + call.bucket}}};
  const auto there = find_bucket(call.store, call.bucket);
  // In this region S3 says so since before it had others.
  if (there && there->account == bucket.account && call.caller().region == "us-east-1") return response;
  add_bucket(call.store, bucket);
  return response;
}

Response delete_bucket(Call& call) {
  remove_bucket(call.store, open_bucket(call, Access::own));
  return empty_answer();
}

Response head_bucket(Call& call) {
  const Bucket bucket = open_bucket(call, Access::list);
  return {.content_type = "application/xml", .headers = {{"x-amz-bucket-region", bucket.region}}};
}

Response get_bucket_location(Call& call) {
  const Bucket bucket = open_bucket(call, Access::list);
  Xml xml("LocationConstraint");
  std::string answer = xml.finish();
  if (bucket.region != "us-east-1") answer.insert(answer.rfind("</"), bucket.region);
  return xml_answer(std::move(answer));
}

}  // namespace graft::s3
