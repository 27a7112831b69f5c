// What a bucket may give to everyone, and what it must not (PublicAccessBlock).
#pragma once

#include <string>

#include "s3/buckets.h"

namespace graft::s3 {

struct PublicAccessBlock {
  bool block_acls = false;        // none that gives anything to everyone can be set
  bool ignore_acls = false;       // those that are set give nothing
  bool block_policy = false;      // as block_acls
  bool restrict_buckets = false;  // as ignore_acls, of the policy
};
// Nothing where it was not set.
std::optional<PublicAccessBlock> find_access_block(Store& store, std::int64_t bucket);
void set_access_block(Store& store, std::int64_t bucket, const std::optional<PublicAccessBlock>& block);

// What everyone may do, without a signature.
bool anyone_may_list(Store& store, const Bucket& bucket);
// `is_public`: of the object with this key.
bool anyone_may_read(Store& store, const Bucket& bucket, const std::string& key, bool is_public);

}  // namespace graft::s3
