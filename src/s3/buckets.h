// Buckets in the index.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/message.h"
#include "s3/store.h"

namespace graft::s3 {

struct Bucket {
  std::int64_t id = 0;
  std::string name{}, account{}, region{};
  std::int64_t created = 0;  // milliseconds since 1970
  bool is_public = false;    // by its ACL: anyone may list it and read its objects
  Headers tags{};
  std::string policy{};  // bucket_policy.h; or empty
};

std::optional<Bucket> find_bucket(Store& store, const std::string& name);
// Of an account, by name.
std::vector<Bucket> buckets_of(Store& store, const std::string& account);
// Throws BucketAlreadyOwnedByYou or BucketAlreadyExists.
void add_bucket(Store& store, const Bucket& bucket);
// Unfinished uploads go with it. Throws BucketNotEmpty.
void remove_bucket(Store& store, const Bucket& bucket);
// is_public, tags and policy.
void change_bucket(Store& store, const Bucket& bucket);

// What it is set to besides, by the name of the parameter that S3 has for it. Nothing where it is not set; an empty
// value unsets it.
inline constexpr std::string_view kCorsSetting = "cors";
std::optional<std::string> find_setting(Store& store, std::int64_t bucket, std::string_view name);
void set_setting(Store& store, std::int64_t bucket, std::string_view name, const std::string& value);

}  // namespace graft::s3
