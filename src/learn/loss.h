// The training loss, and targets that are more than one label.
#pragma once

#include <torch/types.h>

#include <vector>

#include "base/random.h"

namespace graft {

// One-hot targets, [batch, labels], with `smoothing` of the mass spread over all labels (Szegedy et al., 2015).
torch::Tensor smooth_targets(const torch::Tensor& labels, std::int64_t label_count, double smoothing);

struct Mixed {
  torch::Tensor images, targets;
};
// Each image joined with another of the batch: x = share * x_i + (1 - share) * x_j, with one share for the batch from
// Beta(alpha, alpha) (Zhang et al., "mixup", 2017). A function of the key.
Mixed mixup(const torch::Tensor& images, const torch::Tensor& targets, double alpha, Key key);

// Mean cross-entropy against soft targets; `label_weights` [labels] may be undefined.
torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                            const torch::Tensor& label_weights);

// The weight of each label so that all count alike, their mean over the images being 1: images / (labels * count).
std::vector<float> balanced_weights(const std::vector<int>& labels, std::size_t label_count);

}  // namespace graft
