#include "s3/copy_source.h"

#include "http/url.h"
#include "s3/conditions.h"
#include "s3/errors.h"
#include "s3/public_access.h"

namespace graft::s3 {
namespace {

Address parse_source(std::string_view header) {
  const std::size_t question = header.find('?');
  const std::string_view query = question == std::string_view::npos ? "" : header.substr(question + 1);
  demand(query.empty() || query == "versionId=null" || query == "versionId=", Code::no_such_version,
         "x-amz-copy-source: there is no such version; buckets keep one of each object");
  const auto path = percent_decode(header.substr(0, question));
  demand(path && path->find('\0') == std::string::npos, Code::invalid_argument,
         "x-amz-copy-source is not percent-encoded");
  const std::string_view rest = std::string_view(*path).substr(path->starts_with('/') ? 1 : 0);
  const std::size_t slash = rest.find('/');
  demand(slash != std::string_view::npos && slash + 1 < rest.size(), Code::invalid_argument,
         "x-amz-copy-source has to be bucket/key");
  return {std::string(rest.substr(0, slash)), std::string(rest.substr(slash + 1))};
}

Bucket find_source_bucket(const Call& call, const std::string& name) {
  auto bucket = find_bucket(call.store, name);
  demand(bucket.has_value(), Code::no_such_bucket, "there is no bucket ", name);
  const auto owner = call.header("x-amz-source-expected-bucket-owner");
  demand(!owner || *owner == bucket->account, Code::access_denied,
         "the source bucket is not owned by the account that x-amz-source-expected-bucket-owner names");
  return std::move(*bucket);
}

}  // namespace

CopySource open_copy_source(const Call& call) {
  constexpr int kMostTries = 100;
  const Address address = parse_source(*call.header("x-amz-copy-source"));
  CopySource source{.bucket = find_source_bucket(call, address.bucket)};
  const bool owner = is_owner(call, source.bucket);
  for (int i = 0; i < kMostTries; ++i) {
    auto object = find_object(call.store, source.bucket.id, address.key, true);
    demand(owner || (object && anyone_may_read(call.store, source.bucket, address.key, object->is_public)),
           Code::access_denied, "the source of the copy is another account's");
    demand(object.has_value(), Code::no_such_key, "no object has the key ", address.key);
    if (object->file) source.file = call.store.files.open(object->file);
    if (object->file && !source.file) continue;  // it was replaced meanwhile
    source.object = std::move(*object);
    demand(judge(call, source.object, "x-amz-copy-source-") == Verdict::proceed, Code::precondition_failed,
           "the source of the copy is not as x-amz-copy-source-if-* says");
    return source;
  }
  fail(Kind::internal, "the file of the object ", address.bucket, "/", address.key, " is missing");
}

}  // namespace graft::s3
