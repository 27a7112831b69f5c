// What S3 says in XML. Only for remote/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "remote/store.h"

namespace graft {

// One page of ListObjectsV2 that was asked for with encoding-type=url.
struct ObjectPage {
  std::vector<RemoteObject> objects{};
  std::string next{};  // the token of the next page; empty after the last
};
// Throws Kind::unavailable for what is none; `source` names it.
ObjectPage parse_object_page(std::string_view xml, std::string_view source);

// An answer's <Error>; empty where there is none. Of HEAD there never is one.
struct S3Problem {
  std::string code{}, message{};
};
S3Problem parse_problem(std::string_view xml);

// The <UploadId> of CreateMultipartUpload. Throws Kind::unavailable where there is none.
std::string parse_upload_id(std::string_view xml, std::string_view source);

// The body of CompleteMultipartUpload: the ETags of the parts in their order.
std::string completion(const std::vector<std::string>& etags);

// "2026-11-21T14:02:41.000Z" as seconds since 1970; 0 for what is none.
std::int64_t parse_iso_time(const std::string& words);

}  // namespace graft
