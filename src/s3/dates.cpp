#include "s3/dates.h"

#include <cstdio>
#include <ctime>

namespace graft::s3 {
namespace {

// Not strftime and strptime: those follow the locale.
constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

std::tm split(std::int64_t time) {
  const std::time_t seconds = time / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}

std::optional<std::int64_t> join(int year, int month, int day, int hour, int minute, int second) {
  if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;
  std::tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  parts.tm_sec = second;
  return static_cast<std::int64_t>(::timegm(&parts)) * 1000;
}

}  // namespace

std::string http_date(std::int64_t time) {
  const std::tm parts = split(time);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %.3s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday], parts.tm_mday,
                kMonths.data() + 3 * parts.tm_mon, parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

std::string iso_date(std::int64_t time) {
  const std::tm parts = split(time);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(time % 1000));
  return text;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  if (text.size() > 40) return std::nullopt;
  const std::string line(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  char name[4] = {};
  if (std::sscanf(line.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, name, &year, &hour, &minute, &second) == 6) {
    const std::size_t at = kMonths.find(name);
    if (at == std::string_view::npos || at % 3 != 0) return std::nullopt;
    return join(year, static_cast<int>(at / 3) + 1, day, hour, minute, second);
  }
  if (std::sscanf(line.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) == 6) {
    return join(year, month, day, hour, minute, second);
  }
  return std::nullopt;
}

}  // namespace graft::s3
