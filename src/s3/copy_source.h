// x-amz-copy-source: what is copied, opened.
#pragma once

#include "s3/call.h"
#include "s3/objects.h"

namespace graft::s3 {

struct CopySource {
  Bucket bucket{};
  Object object{};  // with its bytes where they lie in the index
  std::shared_ptr<const Descriptor> file{};
};

// Of a bucket of the caller's, or a public one. Throws PreconditionFailed where x-amz-copy-source-if-* says so.
CopySource open_copy_source(const Call& call);

}  // namespace graft::s3
