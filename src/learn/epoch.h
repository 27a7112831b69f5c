// An epoch's images: their order, a rank's batches of them, and what is drawn at random for each, all functions of the
// seed and the epoch's number.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "data/loader.h"
#include "learn/shard.h"
#include "learn/trainer.h"

namespace graft {

enum class Draw : std::uint64_t { order, augmentation, mixup, dropout };

Key key_of(const TrainerSettings& settings, Draw draw, int epoch);

// Indices into the training images.
std::vector<std::size_t> order_of(const TrainingData& data, const TrainerSettings& settings, int epoch);

// The labels of `count` images of the order.
std::vector<int> labels_at(const TrainingData& data, const std::vector<std::size_t>& order, std::size_t begin,
                           std::size_t count);

// The images of the shard's steps, which has one at least: augmented and prepared. `data` and `settings` outlive it.
Loader batches_of(const TrainingData& data, const TrainerSettings& settings, int epoch, const Shard& shard);

}  // namespace graft
