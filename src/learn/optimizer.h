// Optimizers with explicit state: what a step changes is its arguments, and all of it can be saved.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

namespace graft {

using Tensors = std::map<std::string, torch::Tensor>;

struct OptimizerSettings {
  enum class Method { sgd, adamw };
  Method method = Method::sgd;
  double learning_rate = 0.1;
  double momentum = 0.9;  // SGD: of Nesterov's method; AdamW: the decay of the first moment
  double second_decay = 0.999;
  double weight_decay = 1e-4;  // not on biases and batch norm, which have one dimension
};

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
