// The search of a tuning job, as pure functions: which hyper-parameters to try next.
//
// Every parameter is mapped to [0, 1] by its scaling, and searched there. Random draws are functions of a key, so a
// platform that was killed proposes the same again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_forward.h"
#include "base/random.h"

namespace graft {

struct TunedParameter {
  enum class Type { continuous, integer, categorical };
  enum class Scaling { linear, logarithmic, reverse_logarithmic };
  std::string name{};
  Type type = Type::continuous;
  Scaling scaling = Scaling::linear;
  double least = 0, most = 1;
  std::vector<std::string> values{};  // of a categorical one
};

using HyperParameterValues = std::map<std::string, std::string>;

// ParameterRanges of a request. Throws what AWS's service answers.
std::vector<TunedParameter> space_of(const Json& ranges);

// The value at a place in [0, 1], as a request has it; and the place of a value.
std::string value_at(const TunedParameter& parameter, double place);
double place_of(const TunedParameter& parameter, const std::string& value);
// Whether it is a value of the range.
bool lies_in(const TunedParameter& parameter, const std::string& value);

HyperParameterValues random_values(const std::vector<TunedParameter>& space, Key key);

// Grid search is over categorical parameters.
std::size_t grid_size(const std::vector<TunedParameter>& space);
// REQUIRES: index < grid_size
HyperParameterValues grid_values(const std::vector<TunedParameter>& space, std::size_t index);

struct Trial {
  HyperParameterValues values{};
  std::optional<double> score{};  // the greater the better; nothing while it runs and when it failed
};

// A Parzen estimator (Bergstra, Bardenet, Bengio and Kegl, "Algorithms for Hyper-Parameter Optimization", 2011). Random
// values until there are a few scores.
HyperParameterValues bayesian_values(const std::vector<TunedParameter>& space, const std::vector<Trial>& trials,
                                     Key key);

}  // namespace graft
