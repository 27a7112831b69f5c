// CloudWatch's metric math, as far as graft has it: numbers, Ids of other queries, + - * / and parentheses; SUM, AVG,
// MIN and MAX, of one series a number, of several ([a, b] or METRICS()) a series, point by point. Between two series
// the points count that both have.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graft::metrics_api {

// Time and value; times ascend.
using Series = std::vector<std::pair<double, double>>;

// What an expression may name. What is returned must live as long as the call.
struct MathScope {
  std::function<const Series&(const std::string& id)> series{};  // throws where there is none of this Id
  std::function<std::vector<const Series*>()> metrics{};         // of all queries that are no expressions
};

// Throws InvalidParameterValueException for what is no expression, is not built, or gives no series. Points whose value
// is not finite (a division by zero) are left out.
Series evaluate(std::string_view expression, const MathScope& scope);

}  // namespace graft::metrics_api
