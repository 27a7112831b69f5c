#include "s3/conditions.h"
#include "s3/object_headers.h"
#include "s3/receive.h"
#include "s3/verbs.h"

namespace graft::s3 {

Response put_object(Call& call) {
  check_key(call.key);
  const Bucket bucket = open_bucket(call, Access::own);
  Object object{.key = call.key,
                .is_public = public_by_acl(call, bucket),
                .headers = headers_to_store(call.headers()),
                .tags = tags_to_store(call)};
  const Precondition condition = write_condition(call);
  Received received = receive(call);
  object.size = received.size;
  object.modified = now();
  object.etag = to_hex(received.md5);
  object.crc32c = received.crc32c;
  object.checksums = received.checksums();
  object.bytes = std::move(received.bytes);
  if (received.file) object.file = received.file->id();
  put_object(call.store, bucket.id, object, condition);
  if (received.file) received.file->keep();
  Response response;
  add_written(response, object);
  return response;
}

}  // namespace graft::s3
