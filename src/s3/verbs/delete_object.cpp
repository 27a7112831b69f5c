#include "s3/conditions.h"
#include "s3/objects.h"
#include "s3/verbs.h"

namespace graft::s3 {

// What is not there is deleted already.
Response delete_object(Call& call) {
  check_key(call.key);
  const Bucket bucket = open_bucket(call, Access::own);
  const auto found = find_object(call.store, bucket.id, call.key);
  const Precondition condition = write_condition(call);
  // A commit is spared where there is nothing to do.
  if (found || condition) remove_object(call.store, bucket.id, call.key, condition);
  return empty_answer();
}

}  // namespace graft::s3
