#include "infer/moments.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace graft {
namespace {

double density(double x) {
  return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
}
double share_below(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

struct Normal {
  double mean, variance;
};

// min(max(x, 0), limit) of a normal x.
Normal clipped(Normal x, double limit) {
  const double deviation = std::sqrt(x.variance);
  if (deviation < 1e-12) return {std::clamp(x.mean, 0.0, limit), 0};
  const double low = -x.mean / deviation, high = (limit - x.mean) / deviation;
  const double inside = share_below(high) - share_below(low), above = 1 - share_below(high);
  const bool open = std::isinf(limit);
  const double edge = open ? 0 : limit;
  const double first = x.mean * inside + deviation * (density(low) - density(high)) + edge * above;
  const double second = (x.mean * x.mean + x.variance) * inside +
                        deviation * (x.mean * density(low) - (x.mean + edge) * (open ? 0 : density(high))) +
                        edge * edge * above;
  return {first, std::max(0.0, second - first * first)};
}

Moments of_batch_norm(const std::string& name, const Weights& weights) {
  const auto weight = weights.find(name + ".weight"), bias = weights.find(name + ".bias");
  if (weight == weights.end() || bias == weights.end()) return {};
  Moments moments{to_floats(bias->second), to_floats(weight->second)};
  for (float& deviation : moments.variance) deviation *= deviation;
  return moments;
}

Moments of_activation(Moments moments, Activation::Function function) {
  if (function == Activation::Function::sqrt) return {};
  const double limit = function == Activation::Function::relu6 ? 6 : std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < moments.mean.size(); ++i) {
    const Normal out = clipped({moments.mean[i], moments.variance[i]}, limit);
    moments.mean[i] = static_cast<float>(out.mean);
    moments.variance[i] = static_cast<float>(out.variance);
  }
  return moments;
}

Moments of_sum(const std::vector<const Moments*>& terms) {
  Moments sum = *terms.front();
  for (std::size_t term = 1; term < terms.size(); ++term) {
    for (std::size_t i = 0; i < sum.mean.size(); ++i) {
      sum.mean[i] += terms[term]->mean[i];
      sum.variance[i] += terms[term]->variance[i];
    }
  }
  return sum;
}

Moments of_concatenation(const std::vector<const Moments*>& parts) {
  Moments joined;
  for (const Moments* part : parts) {
    joined.mean.insert(joined.mean.end(), part->mean.begin(), part->mean.end());
    joined.variance.insert(joined.variance.end(), part->variance.begin(), part->variance.end());
  }
  return joined;
}

}  // namespace

Moments expected_output(const Layer& layer, const Program& program, const Weights& weights) {
  if (std::holds_alternative<BatchNorm>(layer.operation)) return of_batch_norm(layer.name, weights);
  std::vector<const Moments*> inputs;
  for (const LayerId input : layer.inputs) {
    inputs.push_back(&program.layers[static_cast<std::size_t>(input)].expected);
    if (inputs.back()->mean.empty()) return {};
  }
  if (inputs.empty()) return {};
  if (const auto* activation = std::get_if<Activation>(&layer.operation)) {
    return of_activation(*inputs.front(), activation->function);
  }
  if (std::holds_alternative<Add>(layer.operation)) return of_sum(inputs);
  if (std::holds_alternative<Concat>(layer.operation)) return of_concatenation(inputs);
  const bool averages = std::holds_alternative<AveragePool>(layer.operation) ||
                        std::holds_alternative<GlobalAveragePool>(layer.operation);
  return averages ? *inputs.front() : Moments{};  // the mean is theirs; the variance, which is less, only a bound
}

}  // namespace graft
