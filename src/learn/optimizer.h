// Optimizers with explicit state: what a step changes is its arguments, and all of it can be saved.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "recipe/settings.h"

namespace graft {

using Tensors = std::map<std::string, torch::Tensor>;

// SGD: the momentum buffers. AdamW: both moments and the count of steps.
struct OptimizerState {
  Tensors first, second;
  std::int64_t steps = 0;
};

// One step down the gradients that `parameters` hold; those without a gradient stay. The learning rate of a parameter
// is rate(name). Updates are in place and gradients are dropped.
//
// SGD with Nesterov momentum and coupled weight decay (Sutskever et al., 2013); AdamW with decoupled decay (Loshchilov
// and Hutter, 2017).
void optimizer_step(const OptimizerSettings& settings, const Tensors& parameters,
                    const std::function<double(const std::string&)>& rate, OptimizerState& state);

}  // namespace graft
