#include <algorithm>

#include "base/error.h"
#include "remote/store.h"

namespace graft {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::size_t kLongestKey = 1024, kLongestBucket = 255;

}  // namespace

bool is_s3(std::string_view path) {
  return path.starts_with(kScheme);
}

S3Path parse_s3(std::string_view path) {
  static constexpr const char* kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  require(is_s3(path), "\"", path, "\" is no path of the form s3://bucket/key");
  const std::size_t slash = std::min(path.find('/', kScheme.size()), path.size());
  S3Path parsed{std::string(path.substr(kScheme.size(), slash - kScheme.size())),
                std::string(path.substr(std::min(slash + 1, path.size())))};
  // The bucket becomes a part of the host's name, so that it must not hold more than a bucket's name does.
  const bool good = !parsed.bucket.empty() && parsed.bucket.size() <= kLongestBucket &&
                    parsed.bucket.find_first_not_of(kLetters) == std::string::npos &&
                    parsed.bucket.find_first_not_of('.') != std::string::npos;
  require(good, "\"", path, "\" is no path of the form s3://bucket/key");
  require(parsed.key.size() <= kLongestKey, "\"", path.substr(0, 80), "...\" has a key of ", parsed.key.size(),
          " bytes; S3 takes ", kLongestKey);
  return parsed;
}

std::string name(const S3Path& path) {
  return text(kScheme, path.bucket, "/", path.key);
}

}  // namespace graft
