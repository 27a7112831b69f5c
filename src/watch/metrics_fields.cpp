#include "watch/metrics_fields.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/json.h"

namespace graft::metrics_api {
namespace {

// The number in the next `digits` characters.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  int number = 0;
  const char* end = text.data() + digits;
  if (text.size() < digits || text[0] == '-') return std::nullopt;
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

// Behind the seconds: ".250" in seconds.
double take_fraction(std::string_view& text) {
  double fraction = 0, digit = 0.1;
  if (!take(text, '.')) return 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), digit /= 10) {
    fraction += (text[0] - '0') * digit;
  }
  return fraction;
}

// "Z", "+01:00", "-0130" or nothing, in seconds.
std::optional<int> take_offset(std::string_view& text) {
  if (text.empty() || take(text, 'Z')) return 0;
  const int sign = text[0] == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2);
  take(text, ':');
  const auto minutes = take_number(text, 2);
  if (!hours || !minutes) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

double checked_time(const Json& value, std::string_view name, std::string_view at) {
  if (value.is_string()) {
    if (const auto time = parse_time(value.get<std::string>())) return *time;
    aws::invalid_field(at, name, value, "Member must be a timestamp");
  }
  return aws::number_of({{std::string(name), value}}, name, {.least = 0, .most = 1e11}, at);
}

}  // namespace

void invalid(const std::string& sentence) {
  throw Error(Kind::invalid, "InvalidParameterValueException", sentence);
}

void bad_combination(const std::string& sentence) {
  throw Error(Kind::invalid, "InvalidParameterCombinationException", sentence);
}

std::optional<double> parse_time(const std::string& time) {
  using namespace std::chrono;
  std::string_view rest = time;
  const auto y = take_number(rest, 4);
  if (!y || !take(rest, '-')) return std::nullopt;
  const auto m = take_number(rest, 2);
  if (!m || !take(rest, '-')) return std::nullopt;
  const auto d = take_number(rest, 2);
  if (!d) return std::nullopt;
  const year_month_day date{year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d))};
  if (!date.ok()) return std::nullopt;
  double seconds = 0;
  if (take(rest, 'T') || take(rest, ' ')) {
    const auto hour = take_number(rest, 2);
    if (!hour || *hour > 23 || !take(rest, ':')) return std::nullopt;
    const auto minute = take_number(rest, 2);
    if (!minute || *minute > 59) return std::nullopt;
    seconds = *hour * 3600 + *minute * 60;
    if (take(rest, ':')) {
      const auto second = take_number(rest, 2);
      if (!second || *second > 60) return std::nullopt;
      seconds += *second + take_fraction(rest);
    }
  }
  const auto offset = take_offset(rest);
  if (!offset || !rest.empty()) return std::nullopt;
  return static_cast<double>(sys_days(date).time_since_epoch().count()) * 86400 + seconds - *offset;
}

double time_of(const Json& object, std::string_view name, std::string_view at) {
  if (const auto time = time_if(object, name, at)) return *time;
  throw Error(Kind::invalid, "MissingRequiredParameterException", text("The parameter ", name, " is required."));
}

std::optional<double> time_if(const Json& object, std::string_view name, std::string_view at) {
  const auto value = object.find(name);
  return value == object.end() ? std::nullopt : std::optional(checked_time(*value, name, at));
}

std::string time_text(double seconds) {
  using namespace std::chrono;
  const auto whole = static_cast<std::int64_t>(std::floor(seconds));
  const auto milliseconds = static_cast<int>((seconds - std::floor(seconds)) * 1000);
  const sys_seconds at{std::chrono::seconds(whole)};
  const year_month_day date{floor<days>(at)};
  const hh_mm_ss clock{at - floor<days>(at)};
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  std::string out(text, static_cast<std::size_t>(size));
  if (milliseconds > 0) {
    std::snprintf(text, sizeof text, ".%03d", milliseconds);
    out += text;
  }
  return out + "Z";
}

Metric metric_of(const Json& object, std::string_view at, bool any_value) {
  Metric metric;
  const aws::TextRule name{.least = 1, .most = 255};
  if (any_value) {
    metric.space = aws::text_if(object, "Namespace", name, at).value_or("");
    metric.name = aws::text_if(object, "MetricName", name, at).value_or("");
  } else {
    metric.space = aws::text_of(object, "Namespace", name, at);
    metric.name = aws::text_of(object, "MetricName", name, at);
  }
  for (const Json& dimension : aws::list_of(object, "Dimensions", {.most = 30}, at)) {
    const aws::TextRule value{.least = 1, .most = 1024};
    const std::string key = aws::text_of(dimension, "Name", name, "Dimensions.member");
    metric.dimensions[key] = any_value ? aws::text_if(dimension, "Value", value, "Dimensions.member").value_or("")
                                       : aws::text_of(dimension, "Value", value, "Dimensions.member");
  }
  return metric;
}

Json dimensions_of(const Metric& metric) {
  Json list = Json::array();
  for (const auto& [name, value] : metric.dimensions) list.push_back({{"Name", name}, {"Value", value}});
  return list;
}

int period_of(const Json& object, std::string_view at) {
  const auto period = aws::integer_of(object, "Period", {.least = 1, .most = 86'400 * 30}, at);
  const bool short_one = period == 1 || period == 5 || period == 10 || period == 20 || period == 30;
  if (!short_one && period % 60 != 0) {
    invalid("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.");
  }
  return static_cast<int>(period);
}

}  // namespace graft::metrics_api
