// What a bucket holds, page by page, in the order of the keys' bytes.
#pragma once

#include <string>
#include <vector>

#include "http/message.h"
#include "s3/store.h"

namespace graft::s3 {

struct ListRequest {
  std::string prefix{}, delimiter{};
  std::string after{};      // keys behind this one
  std::string not_below{};  // and none that begins with this; empty: not looked at
  std::size_t most = 1000;  // keys and common prefixes together
};

struct Listed {
  struct Entry {
    std::string key{};
    bool is_prefix = false;  // what keys have in common up to the delimiter; the rest has no meaning then
    std::uint64_t size = 0;
    std::int64_t modified = 0;
    std::string etag{};
    Headers checksums{};
  };
  std::vector<Entry> entries{};
  bool truncated = false;
};

// A page costs what it holds, not what is below its common prefixes, nor what the bucket has besides.
Listed list_objects(Store& store, std::int64_t bucket, const ListRequest& request);

// The first key behind all that begin with `prefix`; empty where there is none.
std::string behind(const std::string& prefix);

}  // namespace graft::s3
