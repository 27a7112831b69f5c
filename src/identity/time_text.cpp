#include "identity/time_text.h"

#include <array>
#include <ctime>

namespace graft {
namespace {

// Digits and nothing else.
std::optional<int> number(std::string_view words) {
  int value = 0;
  for (const char c : words) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Nothing for the 31st of February and the like, which timegm() would take for a day in March.
std::optional<std::int64_t> seconds_of(std::tm parts) {
  const std::tm asked = parts;
  const std::time_t seconds = timegm(&parts);
  const bool same = parts.tm_mday == asked.tm_mday && parts.tm_mon == asked.tm_mon && parts.tm_hour == asked.tm_hour &&
                    parts.tm_min == asked.tm_min && parts.tm_sec == asked.tm_sec;
  return same ? std::optional<std::int64_t>(seconds) : std::nullopt;
}

std::string print(const char* format, std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> out{};
  return {out.data(), std::strftime(out.data(), out.size(), format, &parts)};
}

}  // namespace

std::optional<std::int64_t> parse_compact_time(std::string_view words) {
  if (words.size() != 16 || words[8] != 'T' || words[15] != 'Z') return std::nullopt;
  const auto year = number(words.substr(0, 4)), month = number(words.substr(4, 2)), day = number(words.substr(6, 2));
  const auto hour = number(words.substr(9, 2)), minute = number(words.substr(11, 2)),
             second = number(words.substr(13, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  std::tm parts{};
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  return seconds_of(parts);
}

std::string compact_time(std::int64_t seconds) {
  return print("%Y%m%dT%H%M%SZ", seconds);
}

std::optional<std::int64_t> parse_http_time(std::string_view words) {
  std::tm parts{};
  const std::string text(words.substr(0, 40));
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end != 0) return std::nullopt;
  return seconds_of(parts);
}

std::string readable_time(std::int64_t seconds) {
  return print("%Y-%m-%dT%H:%M:%SZ", seconds);
}

}  // namespace graft
