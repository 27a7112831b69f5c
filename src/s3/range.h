// The header Range (RFC 9110 14.2) of a content of known size.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace graft::s3 {

struct Range {
  std::uint64_t first = 0, length = 0;
};

// "bytes=0-9", "bytes=5-", "bytes=-5". Nothing where the whole content is to be given: for what is no such range, as
// the RFC has it, and for several ranges, as S3 has it. Throws InvalidRange for one that the content does not reach.
std::optional<Range> parse_range(std::string_view header, std::uint64_t size);

}  // namespace graft::s3
