#include "bundle/precision.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/json.h"

namespace graft {
namespace {

constexpr std::size_t kMaxChecks = 16;
constexpr std::size_t kMaxRanges = 100'000;
constexpr int kMaxImages = 1'000'000'000;

double share(const Json& json, const char* name, const std::string& source) {
  const double value = field<double>(json, name, source);
  require(value >= 0 && value <= 1, source, ": the field \"", name, "\" of a precision check is ", value,
          ", not in 0 .. 1");
  return value;
}

PrecisionCheck check_from_json(const Json& json, const std::string& source) {
  PrecisionCheck check;
  check.precision = precision_from_name(field<std::string>(json, "precision", source));
  const auto images = field<double>(json, "images", source);
  require(images >= 1 && images <= kMaxImages && images == std::floor(images), source, ": a precision check on ",
          images, " images");
  check.images = static_cast<int>(images);
  check.agreement = share(json, "agreement", source);
  check.accuracy = share(json, "accuracy", source);
  check.fp32_accuracy = share(json, "fp32_accuracy", source);
  return check;
}

ActivationRange range_from_json(const std::string& node, const Json& json, const std::string& source) {
  const bool numbers = json.is_array() && json.size() == 2 && json[0].is_number() && json[1].is_number();
  require(numbers, source, ": the activation range of ", node.substr(0, 80), " is not [low, high]");
  const double low = json[0].get<double>(), high = json[1].get<double>();
  constexpr double kMost = std::numeric_limits<float>::max();
  require(low >= -kMost && low <= 0 && high >= 0 && high <= kMost, source, ": the activation range of ",
          node.substr(0, 80), " is ", low, " to ", high, ", which is not finite or leaves out 0");
  return {static_cast<float>(low), static_cast<float>(high)};
}

long in_images(double share, const PrecisionCheck& check) {
  return std::lround(share * check.images);
}

long allowed(double share, const PrecisionCheck& check) {
  if (check.images < kFewImages) return 0;
  return std::max(1L, static_cast<long>(share * check.images + 1e-6));  // but for rounding
}

}  // namespace

std::string name_of(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return "fp32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
  }
  fail(Kind::internal, "an unknown precision");
}

Precision precision_from_name(std::string_view name) {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    if (name_of(precision) == name) return precision;
  }
  fail(Kind::invalid, name.substr(0, 80), " is no precision: it is fp32, bf16 or int8");
}

bool passes(const PrecisionCheck& check) {
  return check.images > 0 && in_images(1 - check.agreement, check) <= allowed(1 - kLeastAgreement, check) &&
         in_images(check.fp32_accuracy - check.accuracy, check) <= allowed(kMostAccuracyLost, check);
}

bool has_a_chance(const PrecisionCheck& check) {
  return check.images > 0 && in_images(1 - check.agreement, check) <= 2 * allowed(1 - kLeastAgreement, check) + 1;
}

std::string describe(const PrecisionCheck& check) {
  return fmt::format(
      "{} names the same label as fp32 on {:.2f} % of {} images and is right on {:.2f} % where fp32 is on {:.2f} %",
      name_of(check.precision), 100 * check.agreement, check.images, 100 * check.accuracy, 100 * check.fp32_accuracy);
}

const PrecisionCheck* find_check(const std::vector<PrecisionCheck>& checks, Precision precision) {
  const auto found = std::find_if(checks.begin(), checks.end(),
                                  [precision](const PrecisionCheck& check) { return check.precision == precision; });
  return found == checks.end() ? nullptr : &*found;
}

OrderedJson to_json(const std::vector<PrecisionCheck>& checks) {
  OrderedJson out = OrderedJson::array();
  for (const PrecisionCheck& check : checks) {
    out.push_back({{"precision", name_of(check.precision)},
                   {"images", check.images},
                   {"agreement", check.agreement},
                   {"accuracy", check.accuracy},
                   {"fp32_accuracy", check.fp32_accuracy}});
  }
  return out;
}

OrderedJson to_json(const ActivationRanges& ranges) {
  OrderedJson out = OrderedJson::object();
  for (const auto& [node, range] : ranges) out[node] = {range.low, range.high};
  return out;
}

std::vector<PrecisionCheck> precision_checks_from_json(const Json& json, const std::string& source) {
  require(json.is_array() && json.size() <= kMaxChecks, source, ": the field \"precision_checks\" is not a list of ",
          kMaxChecks, " checks at the most");
  std::vector<PrecisionCheck> checks;
  for (const Json& each : json) {
    checks.push_back(check_from_json(each, source));
    require(find_check(checks, checks.back().precision) == &checks.back(), source, ": ",
            name_of(checks.back().precision), " is checked twice");
  }
  return checks;
}

ActivationRanges activation_ranges_from_json(const Json& json, const std::string& source) {
  require(json.is_object() && json.size() <= kMaxRanges, source,
          ": the field \"activation_ranges\" is not an object of ", kMaxRanges, " ranges at the most");
  ActivationRanges ranges;
  for (const auto& [node, range] : json.items()) ranges[node] = range_from_json(node, range, source);
  return ranges;
}

}  // namespace graft
