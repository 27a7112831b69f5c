// Settings that work without tuning, for each mode. What the options say comes first, then the recipe they name, then
// the mode's own settings. A recipe's batch is for one rank, and its learning rate for that batch.
#pragma once

#include "recipe/settings.h"
#include "recipe/train_options.h"

namespace graft {

// For `images` training images.
TrainerSettings scratch_recipe(const TrainOptions& options, std::size_t images, std::uint64_t seed);
TrainerSettings finetune_recipe(const TrainOptions& options, std::size_t images, std::uint64_t seed);
HeadSettings head_recipe(const TrainOptions& options, int labels, std::uint64_t seed);

Augmentation augmentation_of(AugmentationLevel level);

}  // namespace graft
