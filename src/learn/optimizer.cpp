#include "learn/optimizer.h"

#include <cmath>

namespace graft {
namespace {

torch::Tensor& buffer(Tensors& tensors, const std::string& name, const torch::Tensor& like) {
  torch::Tensor& tensor = tensors[name];
  if (!tensor.defined()) tensor = torch::zeros_like(like);
  if (tensor.device() != like.device()) tensor = tensor.to(like.device());  // from a checkpoint
  return tensor;
}

void sgd(const OptimizerSettings& s, torch::Tensor& value, torch::Tensor gradient, double rate, double decay,
         torch::Tensor& velocity) {
  if (decay > 0) gradient = gradient.add(value, decay);
  velocity.mul_(s.momentum).add_(gradient);
  value.add_(gradient, -rate).add_(velocity, -rate * s.momentum);
}

void adamw(const OptimizerSettings& s, torch::Tensor& value, const torch::Tensor& gradient, double rate, double decay,
           torch::Tensor& first, torch::Tensor& second, std::int64_t steps) {
  value.mul_(1 - rate * decay);
  first.mul_(s.momentum).add_(gradient, 1 - s.momentum);
  second.mul_(s.second_decay).addcmul_(gradient, gradient, 1 - s.second_decay);
  const double first_bias = 1 - std::pow(s.momentum, static_cast<double>(steps));
  const double second_bias = 1 - std::pow(s.second_decay, static_cast<double>(steps));
  const torch::Tensor scale = (second / second_bias).sqrt_().add_(1e-8);
  value.addcdiv_(first, scale, -rate / first_bias);
}

}  // namespace

void optimizer_step(const OptimizerSettings& settings, const Tensors& parameters,
                    const std::function<double(const std::string&)>& rate, OptimizerState& state) {
  const torch::NoGradGuard no_grad;
  ++state.steps;
  for (const auto& [name, parameter] : parameters) {
    torch::Tensor value = parameter;  // a handle on the same storage
    if (!value.grad().defined()) continue;
    const double decay = value.dim() > 1 ? settings.weight_decay : 0;
    torch::Tensor& first = buffer(state.first, name, value);
    if (settings.method == OptimizerSettings::Method::sgd) {
      sgd(settings, value, value.grad(), rate(name), decay, first);
    } else {
      adamw(settings, value, value.grad(), rate(name), decay, first, buffer(state.second, name, value), state.steps);
    }
    value.mutable_grad().reset();
  }
}

}  // namespace graft
