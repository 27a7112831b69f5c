#include "bundle/probabilities.h"

#include <algorithm>
#include <cmath>

namespace graft {

std::vector<double> probabilities(std::span<const float> logits, double temperature) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> out(logits.size());
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) sum += out[i] = std::exp((logits[i] - largest) / temperature);
  for (double& value : out) value /= sum;
  return out;
}

}  // namespace graft
