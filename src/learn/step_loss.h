// A step's forward pass: from images to the loss that is to be made smaller.
#pragma once

#include "base/random.h"
#include "dist/group.h"
#include "learn/network.h"
#include "recipe/settings.h"

namespace graft {

struct StepLabels {
  const std::vector<int>& own;  // of this rank's images
  const std::vector<int>& all;  // of the whole step's
  std::size_t kinds = 0;
};

// What the step draws from.
struct StepKeys {
  Key mixup, dropout;
};

struct StepLoss {
  torch::Tensor loss;  // this rank's part of the mean over the whole step
  double right = 0;    // images that are recognised, each counting as the share's weight says
};

StepLoss compute_loss(Network& network, const TrainerSettings& settings, torch::Tensor images, const StepLabels& labels,
                      const Share& share, const StepKeys& keys, Group& group);

}  // namespace graft
