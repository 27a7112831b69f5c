// expression: term {("+" | "-") term}
// term:       factor {("*" | "/") factor}
// factor:     number | "-" factor | "(" expression ")" | Id | FUNCTION "(" several ")"
// several:    "[" expression {"," expression} "]" | "METRICS()" | expression
#include "watch/metric_math.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "base/error.h"
#include "watch/metrics_fields.h"

namespace graft::metrics_api {
namespace {

constexpr std::size_t kMostExpression = 2048;
constexpr int kMostDepth = 32;
constexpr std::string_view kFunctions = "SUM, AVG, MIN and MAX";

// A number where there is no series.
struct Value {
  double number = 0;
  std::optional<Series> series{};
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

double compute(char operation, double a, double b) {
  return operation == '+' ? a + b : operation == '-' ? a - b : operation == '*' ? a * b : a / b;
}

Value compute(char operation, const Value& a, const Value& b) {
  if (!a.series && !b.series) return {compute(operation, a.number, b.number), {}};
  Series result;
  const auto add = [&](double time, double x, double y) {
    const double value = compute(operation, x, y);
    if (std::isfinite(value)) result.emplace_back(time, value);
  };
  if (a.series && b.series) {
    auto other = b.series->begin();
    for (const auto& [time, value] : *a.series) {
      while (other != b.series->end() && other->first < time) ++other;
      if (other != b.series->end() && other->first == time) add(time, value, other->second);
    }
  } else {
    for (const auto& [time, value] : a.series ? *a.series : *b.series) {
      add(time, a.series ? value : a.number, b.series ? value : b.number);
    }
  }
  return {0, std::move(result)};
}

double reduce(std::string_view function, const std::vector<double>& values) {
  if (function == "MIN") return *std::min_element(values.begin(), values.end());
  if (function == "MAX") return *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += value;
  return function == "AVG" ? sum / static_cast<double>(values.size()) : sum;
}

Value reduce_one(std::string_view function, const Series& series) {
  std::vector<double> values;
  for (const auto& [time, value] : series) values.push_back(value);
  return {values.empty() ? NAN : reduce(function, values), {}};
}

Value reduce_all(std::string_view function, const std::vector<Series>& all) {
  std::map<double, std::vector<double>> points;
  for (const Series& series : all) {
    for (const auto& [time, value] : series) points[time].push_back(value);
  }
  Series result;
  for (const auto& [time, values] : points) {
    if (const double value = reduce(function, values); std::isfinite(value)) result.emplace_back(time, value);
  }
  return {0, std::move(result)};
}

// Computes while it reads.
class Reader {
 public:
  Reader(std::string_view text, const MathScope& scope) : rest_(text), scope_(scope) {}

  Value whole() {
    Value value = expression(0);
    if (!at_end()) unexpected();
    return value;
  }

 private:
  bool at_end() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    return rest_.empty();
  }
  bool take(std::string_view token) {
    if (at_end() || !rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void need(std::string_view token) {
    if (!take(token)) unexpected();
  }
  [[noreturn]] void unexpected() {
    if (at_end()) invalid("The expression ends too early.");
    invalid(text("The expression is not understood at \"", rest_.substr(0, 40), "\"."));
  }
  std::optional<char> take_one_of(std::string_view operations) {
    if (at_end() || operations.find(rest_[0]) == std::string_view::npos) return std::nullopt;
    const char taken = rest_[0];
    rest_.remove_prefix(1);
    return taken;
  }

  Value expression(int depth) {
    Value value = term(depth);
    while (const auto operation = take_one_of("+-")) value = compute(*operation, value, term(depth));
    return value;
  }
  Value term(int depth) {
    Value value = factor(depth);
    while (const auto operation = take_one_of("*/")) value = compute(*operation, value, factor(depth));
    return value;
  }
  Value factor(int depth) {
    if (depth > kMostDepth) invalid(text("The expression is nested deeper than ", kMostDepth, "."));
    if (take("-")) return compute('*', {-1, {}}, factor(depth + 1));
    if (take("(")) {
      Value value = expression(depth + 1);
      need(")");
      return value;
    }
    if (at_end()) unexpected();
    return is_letter(rest_[0]) ? named(depth) : Value{number(), {}};
  }
  double number() {
    double value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || !std::isfinite(value)) unexpected();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  std::string name() {
    const auto end =
        std::find_if(rest_.begin(), rest_.end(), [](char c) { return !is_letter(c) && (c < '0' || c > '9'); });
    std::string taken(rest_.begin(), end);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // Ids begin with a small letter, functions with a capital.
  Value named(int depth) {
    const std::string taken = name();
    if (taken[0] >= 'a' && taken[0] <= 'z') return {0, scope_.series(taken)};
    if (taken == "METRICS") invalid(text("METRICS() stands in one of ", kFunctions, " only."));
    if (taken != "SUM" && taken != "AVG" && taken != "MIN" && taken != "MAX") {
      invalid(text("The function ", taken.substr(0, 40), " is not built: there are ", kFunctions, "."));
    }
    need("(");
    Value value = reduced(taken, depth + 1);
    need(")");
    return value;
  }
  Value reduced(const std::string& function, int depth) {
    if (take("METRICS")) {
      need("(");
      need(")");
      std::vector<Series> all;
      for (const Series* series : scope_.metrics()) all.push_back(*series);
      return reduce_all(function, all);
    }
    if (take("[")) {
      std::vector<Series> all;
      do all.push_back(series(expression(depth)));
      while (take(","));
      need("]");
      return reduce_all(function, all);
    }
    return reduce_one(function, series(expression(depth)));
  }
  static Series series(Value value) {
    if (!value.series) invalid(text(kFunctions, " take time series, not numbers."));
    return std::move(*value.series);
  }

  std::string_view rest_;
  const MathScope& scope_;
};

}  // namespace

Series evaluate(std::string_view expression, const MathScope& scope) {
  if (expression.size() > kMostExpression) {
    invalid(text("An expression has at most ", kMostExpression, " characters."));
  }
  Value value = Reader(expression, scope).whole();
  if (!value.series) invalid("The expression gives a number, and must give a time series.");
  return std::move(*value.series);
}

}  // namespace graft::metrics_api
