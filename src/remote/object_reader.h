// An object's content as a stream that goes on where a connection broke, and is compared with its digests. Only for
// remote/.
#pragma once

#include <functional>

#include "remote/s3_request.h"

namespace graft {

struct ReadLimits {
  std::uint64_t bytes = ~std::uint64_t{0};
  Deadline deadline{};
};

// What the store does not hold any more as it was when the reading began, or what arrived other than it was sent, is
// thrown with one of these codes; reading it from its beginning again may help.
constexpr const char* kChanged = "PreconditionFailed";
constexpr const char* kCorrupt = "BadDigest";

// Hands the whole content to `sink`, in order. Throws Kind::unavailable for what is larger than the limit, cut off, or
// does not match its digest: what `sink` got is worth nothing then.
RemoteObject read_object(const S3Settings& settings, const S3Path& path, const ReadLimits& limits,
                         const std::function<void(ByteView)>& sink);

}  // namespace graft
