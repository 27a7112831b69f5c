// The training loss, and targets that are more than one label.
#pragma once

#include <torch/types.h>

#include <optional>
#include <vector>

#include "base/random.h"

namespace graft {

// One-hot targets, [batch, labels], with `smoothing` of the mass spread over all labels (Szegedy et al., 2015).
torch::Tensor smooth_targets(const torch::Tensor& labels, std::int64_t label_count, double smoothing);

struct Mixed {
  torch::Tensor images, targets;
};
// Each image joined with its neighbour, the first with the second and so on: x = share * x_i + (1 - share) * x_j, with
// one share for all from Beta(alpha, alpha) (Zhang et al., "mixup", 2017), where partners are drawn; here the order of
// the images is drawn already. An odd last image stays alone. A function of the key.
Mixed mixup(const torch::Tensor& images, const torch::Tensor& targets, double alpha, Key key);

// Cross-entropy against soft targets, summed and divided by `mass`, or by the weights of these targets: the mean.
// `label_weights` [labels] may be undefined.
torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                            const torch::Tensor& label_weights, std::optional<double> mass = {});
// What a mean over images with these labels is divided by: the weights of their smoothed targets, or their number where
// no weights are given. Mixup does not change it.
double target_mass(const std::vector<int>& labels, const std::vector<float>& label_weights, double smoothing);

// The weight of each label so that all count alike, their mean over the images being 1: images / (labels * count).
std::vector<float> balanced_weights(const std::vector<int>& labels, std::size_t label_count);

}  // namespace graft
