// Where a training computes.
#pragma once

#include <torch/types.h>

#include "recipe/train_options.h"

namespace graft {

// The CPU, or the GPU of this process: ranks on one host take one each, in turn. Throws when a GPU is asked for and
// there is none.
torch::Device device_of(const TrainOptions& options);

// Whether products in bf16 are faster there than in fp32.
bool computes_in_bf16(torch::Device device);

}  // namespace graft
