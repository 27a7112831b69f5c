#include <array>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "image/preprocess.h"

namespace graft {
namespace {

constexpr int kMaxSide = 4096;
constexpr std::array kInterpolations = {"nearest", "bilinear", "bicubic"};
constexpr std::array kFits = {"stretch", "crop", "pad"};

// The enumerator whose name is in the field.
template <typename Enum, std::size_t count>
Enum named(const Json& json, const char* name, const std::array<const char*, count>& names, std::string_view source) {
  const auto value = field<std::string>(json, name, source);
  for (std::size_t i = 0; i < count; ++i) {
    if (value == names[i]) return static_cast<Enum>(i);
  }
  fail(Kind::invalid, source, ": the field \"", name, "\" is \"", value, "\"; it can be ", join(names, ", "));
}

double number(const Json& json, const char* name, double low, double high, std::string_view source) {
  const auto value = field<double>(json, name, source);
  require(value >= low && value <= high, source, ": the field \"", name, "\" is ", value, "; it can be ", low, " to ",
          high);
  return value;
}

std::array<double, 3> channels(const Json& json, const char* name, double low, double high, std::string_view source) {
  const auto values = field<std::vector<double>>(json, name, source);
  require(values.size() == 3, source, ": the field \"", name, "\" has ", values.size(), " numbers where 3 belong");
  for (double value : values) {
    require(value >= low && value <= high, source, ": the field \"", name, "\" holds ", value, "; it can hold ", low,
            " to ", high);
  }
  return {values[0], values[1], values[2]};
}

int side(const Json& json, const char* name, std::string_view source) {
  const auto value = field<std::int64_t>(json, name, source);
  require(value >= 1 && value <= kMaxSide, source, ": the field \"", name, "\" is ", value, "; it can be 1 to ",
          kMaxSide);
  return static_cast<int>(value);
}

}  // namespace

OrderedJson to_json(const Preprocess& preprocess) {
  return {{"width", preprocess.width},
          {"height", preprocess.height},
          {"fit", kFits[static_cast<std::size_t>(preprocess.fit)]},
          {"crop_fraction", preprocess.crop_fraction},
          {"interpolation", kInterpolations[static_cast<std::size_t>(preprocess.interpolation)]},
          {"scale", preprocess.scale},
          {"mean", preprocess.mean},
          {"std", preprocess.std}};
}

Preprocess preprocess_from_json(const Json& json, std::string_view source) {
  constexpr double kSmallest = 1e-6, kLargest = 1e6;
  Preprocess preprocess;
  preprocess.width = side(json, "width", source);
  preprocess.height = side(json, "height", source);
  preprocess.fit = named<Preprocess::Fit>(json, "fit", kFits, source);
  preprocess.crop_fraction = number(json, "crop_fraction", 0.1, 1, source);
  preprocess.interpolation = named<Interpolation>(json, "interpolation", kInterpolations, source);
  preprocess.scale = number(json, "scale", kSmallest, kLargest, source);
  preprocess.mean = channels(json, "mean", -kLargest, kLargest, source);
  preprocess.std = channels(json, "std", kSmallest, kLargest, source);
  return preprocess;
}

}  // namespace graft
