// What `graft bench infer` was asked to measure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bundle/precision.h"

namespace graft {

struct InferComparisonOptions {
  std::string network;             // a bundle, or a name of the zoo, which gets random weights
  std::filesystem::path images{};  // a folder: what int8 is calibrated on and all compute on; empty is random noise
  std::vector<std::int64_t> batches{1, 16};
  std::vector<Precision> precisions{};  // of plans; empty are all that this processor has
  int threads = 0;                      // 0 is one for each core
  bool layers = false;                  // whether to time each layer of the plans
};

}  // namespace graft
