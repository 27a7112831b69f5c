#include "remote/fetch_s3.h"

#include "base/error.h"
#include "remote/object_reader.h"

namespace graft {

Bytes fetch_s3(const std::string& url, const FetchLimits& limits) {
  const S3Path path = parse_s3(url);
  require(!path.key.empty(), "\"", url, "\" is no path of the form s3://bucket/key");
  Bytes content;
  read_object(s3_settings(), path, {limits.bytes, std::chrono::steady_clock::now() + limits.time},
              [&](ByteView bytes) { content.insert(content.end(), bytes.begin(), bytes.end()); });
  return content;
}

}  // namespace graft
