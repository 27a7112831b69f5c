// Tags and access of an object.
#include "s3/access_xml.h"
#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/receive.h"
#include "s3/verbs.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostBody = 64 << 10, kMostTags = 10;

Object find(Call& call, const Bucket& bucket) {
  check_key(call.key);
  auto object = find_object(call.store, bucket.id, call.key);
  demand(object.has_value(), Code::no_such_key, "no object has the key ", call.key);
  return std::move(*object);
}

}  // namespace

Response get_object_tagging(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  return xml_answer(tags_xml(find(call, bucket).tags));
}

Response put_object_tagging(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  check_key(call.key);
  const Tags tags = parse_tagging(receive_text(call, kMostBody));
  check_tags(tags, kMostTags);
  set_tags(call.store, bucket.id, call.key, tags);
  return empty_answer(200);
}

Response delete_object_tagging(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  set_tags(call.store, bucket.id, call.key, {});
  return empty_answer();
}

Response get_object_acl(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  return xml_answer(access_xml(bucket.account, find(call, bucket).is_public));
}

Response put_object_acl(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const std::string body = receive_text(call, kMostBody);
  const bool is_public = body.empty() ? public_by_acl(call) : parse_public_acl(body, bucket.account);
  check_public_acl(call, bucket, is_public);
  set_public(call.store, bucket.id, call.key, is_public);
  return empty_answer(200);
}

}  // namespace graft::s3
