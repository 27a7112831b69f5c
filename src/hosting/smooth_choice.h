// Choosing by weight without bursts: of weights 3 and 1 the order is a a b a, not a a a b (the smooth weighted
// round-robin of nginx).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace graft {

class SmoothChoice {
 public:
  explicit SmoothChoice(std::vector<double> weights) : weights_(std::move(weights)), credit_(weights_.size(), 0.0) {}

  // Nothing where all weights are 0. One thread at a time.
  std::optional<std::size_t> next() {
    double total = 0;
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      if (!(weights_[i] > 0)) continue;
      total += weights_[i];
      credit_[i] += weights_[i];
      if (!best || credit_[i] > credit_[*best]) best = i;
    }
    if (best) credit_[*best] -= total;
    return best;
  }

 private:
  std::vector<double> weights_, credit_;
};

}  // namespace graft
