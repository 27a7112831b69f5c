// What the training loop and validation share: images as tensors. Internal to learn/.
#pragma once

#include "data/loader.h"
#include "image/transform.h"
#include "learn/trainer.h"

namespace graft {

inline constexpr std::size_t kBatchesAhead = 4;

inline std::size_t pixels_of(const Preprocess& p) {
  return static_cast<std::size_t>(3 * p.width * p.height);
}

// [images, 3, height, width]: of the batch's memory, or a copy that is on its way to the GPU.
torch::Tensor images_of(Batch& batch, const Preprocess& preprocess, torch::Device device);

}  // namespace graft
