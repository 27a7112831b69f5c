// The estimator divides the trials by score into a few good ones and the rest, and estimates the density of the good
// (l) and of the others (g) over all parameters together (Falkner, Klein and Hutter, "BOHB", 2018). Of some points
// drawn from l, the one with the greatest l / g is tried: that is where the expected improvement is greatest. A density
// is a mixture of a uniform part and a normal distribution around each trial, as wide in each parameter as the trials
// are apart. Trials that still run count among the others, so that no two that run at a time are alike.
#include "control/tuning_search.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

#include "control/fields.h"
#include "control/resource.h"

namespace graft {
namespace {

constexpr std::size_t kRandomTrials = 5;
constexpr std::size_t kCandidates = 24;
constexpr double kGoodPart = 0.15;
constexpr double kNarrowest = 0.05;
constexpr double kSameCategory = 0.8;  // how often a draw keeps the category of its trial
constexpr std::size_t kMostRanges = 30;
constexpr double kOrdersForLogarithm = 100;

std::optional<double> find_number(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return {};
  return number;
}

double number_in(const Json& range, const char* field, const std::string& at) {
  const std::string text = aws::text_of(range, field, {.least = 1, .most = 256}, at);
  const auto number = find_number(text);
  if (!number) aws::invalid_field(at, field, text, "Member must be a number");
  return *number;
}

TunedParameter::Scaling scaling_of(const Json& range, const TunedParameter& parameter, const std::string& at) {
  using Scaling = TunedParameter::Scaling;
  const std::string scaling =
      aws::text_if(range, "ScalingType", {.one_of = {"Auto", "Linear", "Logarithmic", "ReverseLogarithmic"}}, at)
          .value_or("Auto");
  if (scaling == "Logarithmic") {
    if (parameter.least <= 0) {
      throw validation_error(text("The range of ", parameter.name, " with Logarithmic scaling must begin above 0"));
    }
    return Scaling::logarithmic;
  }
  if (scaling == "ReverseLogarithmic") {
    if (parameter.type != TunedParameter::Type::continuous || parameter.least < 0 || parameter.most >= 1) {
      throw validation_error(text("The range of ", parameter.name,
                                  " with ReverseLogarithmic scaling must be continuous and lie in 0 <= x < 1"));
    }
    return Scaling::reverse_logarithmic;
  }
  const bool wide = parameter.least > 0 && parameter.most / parameter.least >= kOrdersForLogarithm;
  return scaling == "Auto" && wide ? Scaling::logarithmic : Scaling::linear;
}

TunedParameter number_range(const Json& range, TunedParameter::Type type, const std::string& at) {
  TunedParameter parameter{.name = aws::text_of(range, "Name", {.least = 1, .most = 256}, at), .type = type};
  parameter.least = number_in(range, "MinValue", at);
  parameter.most = number_in(range, "MaxValue", at);
  if (parameter.least > parameter.most) {
    throw validation_error(text("The MinValue of the range ", parameter.name, " is above its MaxValue"));
  }
  const bool integer = type == TunedParameter::Type::integer;
  if (integer && (parameter.least != std::floor(parameter.least) || parameter.most != std::floor(parameter.most) ||
                  std::max(std::abs(parameter.least), std::abs(parameter.most)) > 1e15)) {
    throw validation_error(text("The range of the integer ", parameter.name, " must have integers as its ends"));
  }
  parameter.scaling = scaling_of(range, parameter, at);
  return parameter;
}

TunedParameter category_range(const Json& range, const std::string& at) {
  TunedParameter parameter{.name = aws::text_of(range, "Name", {.least = 1, .most = 256}, at),
                           .type = TunedParameter::Type::categorical};
  for (const Json& value : aws::list_of(range, "Values", {.least = 1, .most = 30}, at)) {
    parameter.values.push_back(value.get<std::string>());
  }
  return parameter;
}

// The scale that a range is even on.
double scaled(const TunedParameter& parameter, double x) {
  switch (parameter.scaling) {
    case TunedParameter::Scaling::linear:
      return x;
    case TunedParameter::Scaling::logarithmic:
      return std::log(x);
    case TunedParameter::Scaling::reverse_logarithmic:
      return -std::log1p(-x);
  }
  return x;
}

double unscaled(const TunedParameter& parameter, double y) {
  switch (parameter.scaling) {
    case TunedParameter::Scaling::linear:
      return y;
    case TunedParameter::Scaling::logarithmic:
      return std::exp(y);
    case TunedParameter::Scaling::reverse_logarithmic:
      return -std::expm1(-y);
  }
  return y;
}

// Integers are the floors of a range that is one longer.
double end_of(const TunedParameter& parameter) {
  return parameter.most + (parameter.type == TunedParameter::Type::integer ? 1 : 0);
}

std::string shortest(double number) {
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() ? std::string(digits.data(), end) : "0";
}

double normal_density(double x, double mean, double width) {
  const double z = (x - mean) / width;
  return std::exp(-0.5 * z * z) / (width * std::sqrt(2 * std::numbers::pi));
}

// Around one parameter of one trial.
struct Kernel {
  double place = 0, width = 1;
  std::size_t categories = 0;  // 0: of a number

  // 1 would be the density where all places are alike.
  double density(double x) const {
    if (categories == 0) return normal_density(x, place, width);
    const bool same = category(x) == category(place);
    return (same ? kSameCategory * static_cast<double>(categories) : 0) + 1 - kSameCategory;
  }
  double draw(Random& random) const {
    if (categories > 0) return random.uniform() < kSameCategory ? place : random.uniform();
    for (int attempt = 0; attempt < 20; ++attempt) {
      const double x = place + width * random.normal();
      if (x >= 0 && x < 1) return x;
    }
    return random.uniform();
  }

 private:
  std::size_t category(double x) const {
    return std::min(categories - 1, static_cast<std::size_t>(x * static_cast<double>(categories)));
  }
};

// One parameter of all trials, in their order.
std::vector<Kernel> kernels_of(const TunedParameter& parameter, const std::vector<const Trial*>& trials) {
  std::vector<Kernel> kernels;
  for (const Trial* trial : trials) {
    const auto value = trial->values.find(parameter.name);
    kernels.push_back({.place = value == trial->values.end() ? 0.5 : place_of(parameter, value->second),
                       .categories = parameter.values.size()});
  }
  std::vector<Kernel*> order;
  for (Kernel& kernel : kernels) order.push_back(&kernel);
  std::sort(order.begin(), order.end(), [](const Kernel* a, const Kernel* b) { return a->place < b->place; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double before = i == 0 ? 0 : order[i - 1]->place, after = i + 1 == order.size() ? 1 : order[i + 1]->place;
    order[i]->width = std::clamp(std::max(order[i]->place - before, after - order[i]->place), kNarrowest, 1.0);
  }
  return kernels;
}

using Point = std::vector<double>;  // a place for each parameter

// A density of points, from the trials that there were.
class Parzen {
 public:
  Parzen(const std::vector<TunedParameter>& space, const std::vector<const Trial*>& trials) : trials_(trials.size()) {
    for (const TunedParameter& parameter : space) kernels_.push_back(kernels_of(parameter, trials));
  }
  double density(const Point& point) const {
    double sum = 1;  // the uniform part
    for (std::size_t trial = 0; trial < trials_; ++trial) {
      double product = 1;
      for (std::size_t i = 0; i < point.size(); ++i) product *= kernels_[i][trial].density(point[i]);
      sum += product;
    }
    return sum / static_cast<double>(trials_ + 1);
  }
  Point draw(Random& random) const {
    const std::size_t trial = random.below(trials_ + 1);
    Point point;
    for (const auto& kernels : kernels_) {
      point.push_back(trial == trials_ ? random.uniform() : kernels[trial].draw(random));
    }
    return point;
  }

 private:
  std::size_t trials_;
  std::vector<std::vector<Kernel>> kernels_{};  // by parameter and trial
};

struct Division {
  std::vector<const Trial*> good{}, others{};
};

Division divide(const std::vector<Trial>& trials) {
  Division division;
  for (const Trial& trial : trials) (trial.score ? division.good : division.others).push_back(&trial);
  std::stable_sort(division.good.begin(), division.good.end(),
                   [](const Trial* a, const Trial* b) { return *a->score > *b->score; });
  const auto best = static_cast<std::size_t>(std::ceil(kGoodPart * static_cast<double>(division.good.size())));
  division.others.insert(division.others.end(), division.good.begin() + static_cast<std::ptrdiff_t>(best),
                         division.good.end());
  division.good.resize(best);
  return division;
}

Point best_point(const Parzen& good, const Parzen& others, Random& random) {
  Point best;
  double best_ratio = -1;
  for (std::size_t i = 0; i < kCandidates; ++i) {
    const Point point = good.draw(random);
    const double ratio = good.density(point) / others.density(point);
    if (ratio <= best_ratio) continue;
    best = point;
    best_ratio = ratio;
  }
  return best;
}

}  // namespace

std::vector<TunedParameter> space_of(const Json& ranges) {
  using Type = TunedParameter::Type;
  std::vector<TunedParameter> space;
  const auto add = [&](const char* list, const auto& read) {
    const Json& given = aws::list_of(ranges, list, {.most = kMostRanges}, "ParameterRanges");
    for (std::size_t i = 0; i < given.size(); ++i) {
      space.push_back(read(given[i], fields::member(text("ParameterRanges.", list), i)));
    }
  };
  add("IntegerParameterRanges",
      [](const Json& range, const std::string& at) { return number_range(range, Type::integer, at); });
  add("ContinuousParameterRanges",
      [](const Json& range, const std::string& at) { return number_range(range, Type::continuous, at); });
  add("CategoricalParameterRanges", category_range);
  if (space.empty()) throw validation_error("ParameterRanges must have at least one range to tune");
  for (std::size_t i = 0; i < space.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (space[i].name == space[j].name)
        throw validation_error(text("ParameterRanges has two ranges of ", space[i].name));
    }
  }
  return space;
}

std::string value_at(const TunedParameter& parameter, double place) {
  if (parameter.type == TunedParameter::Type::categorical) {
    const auto index = static_cast<std::size_t>(place * static_cast<double>(parameter.values.size()));
    return parameter.values[std::min(index, parameter.values.size() - 1)];
  }
  const double low = scaled(parameter, parameter.least), high = scaled(parameter, end_of(parameter));
  const double value = unscaled(parameter, low + place * (high - low));
  if (parameter.type == TunedParameter::Type::continuous) {
    return shortest(std::clamp(value, parameter.least, parameter.most));
  }
  return std::to_string(static_cast<std::int64_t>(std::clamp(std::floor(value), parameter.least, parameter.most)));
}

double place_of(const TunedParameter& parameter, const std::string& value) {
  if (parameter.type == TunedParameter::Type::categorical) {
    const auto found = std::find(parameter.values.begin(), parameter.values.end(), value);
    const auto index = static_cast<double>(found - parameter.values.begin());
    return std::min(0.999, (index + 0.5) / static_cast<double>(parameter.values.size()));
  }
  double number = parameter.least;
  std::from_chars(value.data(), value.data() + value.size(), number);
  if (parameter.type == TunedParameter::Type::integer) number += 0.5;  // the middle of what it stands for
  const double low = scaled(parameter, parameter.least), high = scaled(parameter, end_of(parameter));
  return high > low ? std::clamp((scaled(parameter, number) - low) / (high - low), 0.0, 1.0) : 0.5;
}

bool lies_in(const TunedParameter& parameter, const std::string& value) {
  if (parameter.type == TunedParameter::Type::categorical) {
    return std::find(parameter.values.begin(), parameter.values.end(), value) != parameter.values.end();
  }
  const auto number = find_number(value);
  return number && *number >= parameter.least && *number <= parameter.most;
}

HyperParameterValues random_values(const std::vector<TunedParameter>& space, Key key) {
  Random random(key);
  HyperParameterValues values;
  for (const TunedParameter& parameter : space) values[parameter.name] = value_at(parameter, random.uniform());
  return values;
}

std::size_t grid_size(const std::vector<TunedParameter>& space) {
  std::size_t size = 1;
  for (const TunedParameter& parameter : space) {
    if (parameter.type != TunedParameter::Type::categorical) {
      throw validation_error(
          text("The Grid strategy takes categorical parameters only, and ", parameter.name, " is none"));
    }
    size *= parameter.values.size();
    if (size > 10'000) throw validation_error("The grid has more than 10000 points");
  }
  return size;
}

HyperParameterValues grid_values(const std::vector<TunedParameter>& space, std::size_t index) {
  HyperParameterValues values;
  for (const TunedParameter& parameter : space) {
    values[parameter.name] = parameter.values[index % parameter.values.size()];
    index /= parameter.values.size();
  }
  return values;
}

HyperParameterValues bayesian_values(const std::vector<TunedParameter>& space, const std::vector<Trial>& trials,
                                     Key key) {
  const auto scored =
      std::count_if(trials.begin(), trials.end(), [](const Trial& trial) { return trial.score.has_value(); });
  if (static_cast<std::size_t>(scored) < kRandomTrials) return random_values(space, key);
  const Division division = divide(trials);
  Random random(key);
  const Point point = best_point(Parzen(space, division.good), Parzen(space, division.others), random);
  HyperParameterValues values;
  for (std::size_t i = 0; i < space.size(); ++i) values[space[i].name] = value_at(space[i], point[i]);
  return values;
}

}  // namespace graft
