// From hyper-parameters to the options of `graft train`: our own by the options' names, and those of SageMaker's
// built-in image-classification algorithm by its names and with its meaning. docs/sagemaker.md has the tables.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "container/job_config.h"

namespace graft {

// What there is to transfer from.
struct Sources {
  bool channel = false;   // a channel "model"
  bool packaged = false;  // weights in the image
};

struct TrainRequest {
  std::string mode;                               // head, finetune or scratch
  std::vector<std::string> arguments;             // for `graft train`, without paths
  std::string recipe{};                           // a recipe for --recipe as JSON, or empty
  std::optional<std::size_t> labels{}, images{};  // what the training images must have
  std::vector<std::string> notes{};               // for people: what was taken otherwise than they may think
};

// `hosts` train together. Throws on what is unknown, naming the nearest that is known, on what graft has not, and on
// values that cannot be.
TrainRequest request_of(const HyperParameters& parameters, const Sources& sources, int hosts);

}  // namespace graft
