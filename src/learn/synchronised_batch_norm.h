// Batch norm over the images of all ranks.
#pragma once

#include <torch/types.h>

#include "dist/group.h"

namespace graft {

// As torch::batch_norm in training, with the statistics of a step's images on all ranks, which go into `running_mean`
// and `running_var` too. `weight` is how much an image of this rank counts (Share::weight). Differentiable.
torch::Tensor synchronised_batch_norm(const torch::Tensor& input, const torch::Tensor& scale,
                                      const torch::Tensor& shift, torch::Tensor running_mean, torch::Tensor running_var,
                                      double momentum, double epsilon, double weight, Group& group);

}  // namespace graft
