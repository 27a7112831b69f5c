#include "learn/epoch.h"

#include <algorithm>

#include "learn/validation.h"

namespace graft {

Key key_of(const TrainerSettings& settings, Draw draw, int epoch) {
  return derive(derive(Key{settings.seed}, static_cast<std::uint64_t>(draw)), static_cast<std::uint64_t>(epoch));
}

std::vector<std::size_t> order_of(const TrainingData& data, const TrainerSettings& settings, int epoch) {
  return permutation(data.train->size(), key_of(settings, Draw::order, epoch));
}

std::vector<int> labels_at(const TrainingData& data, const std::vector<std::size_t>& order, std::size_t begin,
                           std::size_t count) {
  std::vector<int> labels;
  for (std::size_t i = begin; i < begin + count; ++i) labels.push_back(data.train->label(order[i]));
  return labels;
}

Loader batches_of(const TrainingData& data, const TrainerSettings& settings, int epoch, const Shard& shard) {
  const Key key = key_of(settings, Draw::augmentation, epoch);
  const auto transform = [&data, &settings, key](const Sample& sample, std::size_t index, std::span<float> out) {
    const Image image = decode(sample.content, decode_options(settings.augmentation, data.preprocess));
    normalise(augment(image, settings.augmentation, data.preprocess, derive(key, index)), data.preprocess, out);
  };
  return Loader(data.train, shard.order,
                {.batch = std::max<std::size_t>(shard.steps.front().images(), 1),
                 .floats_per_sample = pixels_of(data.preprocess),
                 .threads = data.threads,
                 .ahead = kBatchesAhead,
                 .last = shard.steps.back().images()},
                transform);
}

}  // namespace graft
