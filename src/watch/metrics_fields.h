// What the operations of CloudWatch share: fields of requests, read and checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/check.h"
#include "base/json_forward.h"
#include "watch/metrics.h"

namespace graft::metrics_api {

[[noreturn]] void invalid(const std::string& sentence);          // InvalidParameterValueException
[[noreturn]] void bad_combination(const std::string& sentence);  // InvalidParameterCombinationException

// Seconds since 1970: of a number, or of "2024-01-01T00:00:00Z" as forms have it, with a fraction or an offset.
// Nothing where the text is no time.
std::optional<double> parse_time(const std::string& text);
double time_of(const Json& object, std::string_view name, std::string_view at = "");
std::optional<double> time_if(const Json& object, std::string_view name, std::string_view at = "");
// "2024-01-01T00:00:00.250Z"
std::string time_text(double seconds);

// Namespace, MetricName and Dimensions. In a list request a dimension may be without a value.
Metric metric_of(const Json& object, std::string_view at = "", bool any_value = false);
Json dimensions_of(const Metric& metric);

// 1, 5, 10, 20, 30, or a multiple of 60.
int period_of(const Json& object, std::string_view at = "");

}  // namespace graft::metrics_api
