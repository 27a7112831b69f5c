#include "s3/public_access.h"

#include "s3/bucket_policy.h"

namespace graft::s3 {
namespace {

constexpr std::string_view kSetting = "publicAccessBlock";

}  // namespace

// Four characters, 0 or 1, in the order of the members.
std::optional<PublicAccessBlock> find_access_block(Store& store, std::int64_t bucket) {
  const auto value = find_setting(store, bucket, kSetting);
  if (!value || value->size() != 4) return std::nullopt;
  const auto at = [&](std::size_t i) { return (*value)[i] == '1'; };
  return PublicAccessBlock{at(0), at(1), at(2), at(3)};
}

void set_access_block(Store& store, std::int64_t bucket, const std::optional<PublicAccessBlock>& block) {
  std::string value;
  if (block) {
    for (const bool each : {block->block_acls, block->ignore_acls, block->block_policy, block->restrict_buckets}) {
      value += each ? '1' : '0';
    }
  }
  set_setting(store, bucket, kSetting, value);
}

bool anyone_may_list(Store& store, const Bucket& bucket) {
  const bool by_acl = bucket.is_public, by_policy = policy_lists(bucket.policy, bucket.name);
  if (!by_acl && !by_policy) return false;
  const PublicAccessBlock block = find_access_block(store, bucket.id).value_or(PublicAccessBlock{});
  return (by_acl && !block.ignore_acls) || (by_policy && !block.restrict_buckets);
}

bool anyone_may_read(Store& store, const Bucket& bucket, const std::string& key, bool is_public) {
  const bool by_acl = bucket.is_public || is_public, by_policy = policy_reads(bucket.policy, bucket.name, key);
  if (!by_acl && !by_policy) return false;
  const PublicAccessBlock block = find_access_block(store, bucket.id).value_or(PublicAccessBlock{});
  return (by_acl && !block.ignore_acls) || (by_policy && !block.restrict_buckets);
}

}  // namespace graft::s3
