// The loss of a linear head over all features, and its gradient.
#pragma once

#include <torch/types.h>

#include "learn/head.h"

namespace graft {

// Mean and spread of each feature. A feature that hardly moves is not blown up: half the mean spread is added.
struct Standard {
  torch::Tensor mean, inverse_deviation;  // [length]
};

// A linear head on standardised features, and the same as a head on the features as they are.
struct LinearHead {
  torch::Tensor weight, bias;  // [labels, length], [labels]

  LinearHead on_raw(const Standard& standard) const;
};

// What the head reads of a block of features.
torch::Tensor taken(const torch::Tensor& features, const HeadSpec& spec);

// logits [rows, labels] = what a head reads of features [rows, length], times its weights [labels, length], plus its
// bias.
void linear_logits(const torch::Tensor& features, const HeadSpec& spec, const LinearHead& raw,
                   const torch::Tensor& logits);

class Objective {
 public:
  // `data` outlives it.
  Objective(const FeatureSet& data, const HeadSettings& settings);

  // The mean loss with the regularisation, and its gradient: one pass over the features. The same on any number of
  // cores.
  double evaluate(const LinearHead& head, LinearHead& gradient, double regularisation) const;

  const Standard& standard() const { return standard_; }
  const torch::Tensor& targets() const { return targets_; }  // [images, labels]

 private:
  const FeatureSet& set_;
  const HeadSpec& spec_;
  Standard standard_;
  torch::Tensor targets_;
  double total_ = 1;  // of the targets
};

}  // namespace graft
