// Times as S3 writes and reads them; all are milliseconds since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace graft::s3 {

std::string http_date(std::int64_t time);  // "Wed, 21 Oct 2015 07:28:00 GMT"
std::string iso_date(std::int64_t time);   // "2015-10-21T07:28:00.000Z"
// Any of the two, without the milliseconds too. Nothing for what is no date.
std::optional<std::int64_t> parse_date(std::string_view text);

}  // namespace graft::s3
