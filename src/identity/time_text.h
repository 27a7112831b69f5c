// Points in time as signatures and headers write them. All are seconds since 1970 in UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace graft {

// "20130524T000000Z"; nothing for what is none.
std::optional<std::int64_t> parse_compact_time(std::string_view words);
std::string compact_time(std::int64_t seconds);

// "Fri, 24 May 2013 00:00:00 GMT" (RFC 9110 5.6.7).
std::optional<std::int64_t> parse_http_time(std::string_view words);

// "2013-05-24T00:00:00Z".
std::string readable_time(std::int64_t seconds);

}  // namespace graft
