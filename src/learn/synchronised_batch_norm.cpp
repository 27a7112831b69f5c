#include "learn/synchronised_batch_norm.h"

#include <torch/csrc/autograd/custom_function.h>

namespace graft {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A value per channel, shaped to meet [batch, channels, height, width].
torch::Tensor spread(const torch::Tensor& channels) {
  return channels.view({1, -1, 1, 1});
}

// In one message: the sums per channel, and what they are over.
struct Statistics {
  torch::Tensor mean, deviation;  // sum of squared differences from the mean of all
  double count = 0;
};

// In two passes: what is far from 0 would lose its variance in the difference of large sums.
Statistics gather(const torch::Tensor& x, double weight, Group& group) {
  const double here = weight * static_cast<double>(x.numel() / x.size(1));
  torch::Tensor sums = torch::cat(
      {x.sum({0, 2, 3}).to(torch::kFloat64) * weight, torch::full({1}, here, x.options().dtype(torch::kFloat64))});
  group.sum(sums);
  const std::int64_t channels = x.size(1);
  const double count = sums[channels].item<double>();
  const torch::Tensor mean = (sums.narrow(0, 0, channels) / count).to(x.scalar_type());
  torch::Tensor deviation = (x - spread(mean)).square().sum({0, 2, 3}) * weight;
  group.sum(deviation);
  return {mean, deviation, count};
}

class BatchNormOfAll : public torch::autograd::Function<BatchNormOfAll> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& scale,
                               const torch::Tensor& shift, const torch::Tensor& mean, const torch::Tensor& inverse,
                               double count, double weight, std::int64_t group) {
    const torch::Tensor normal = (x - spread(mean)) * spread(inverse);
    context->save_for_backward({normal, scale, inverse});
    context->saved_data["count"] = count;
    context->saved_data["weight"] = weight;
    context->saved_data["group"] = group;
    return normal * spread(scale) + spread(shift);
  }

  // With the means over all images: dx = scale / deviation * (dy - mean(dy) - normal * mean(dy * normal)).
  static variable_list backward(AutogradContext* context, const variable_list& slopes) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &normal = saved[0], &scale = saved[1], &inverse = saved[2], &slope = slopes[0];
    auto& group = *reinterpret_cast<Group*>(context->saved_data["group"].toInt());
    const torch::Tensor shift_slope = slope.sum({0, 2, 3}), scale_slope = (slope * normal).sum({0, 2, 3});
    torch::Tensor sums = torch::cat({shift_slope, scale_slope});
    group.sum(sums);
    // What every rank computes whole, every rank has in its sum: the slopes come with the weight in them already.
    sums = sums / context->saved_data["count"].toDouble() * context->saved_data["weight"].toDouble();
    const std::int64_t channels = scale.size(0);
    const torch::Tensor x_slope = spread(scale * inverse) * (slope - spread(sums.narrow(0, 0, channels)) -
                                                             normal * spread(sums.narrow(0, channels, channels)));
    const torch::Tensor none;
    return {x_slope, scale_slope, shift_slope, none, none, none, none, none};
  }
};

}  // namespace

torch::Tensor synchronised_batch_norm(const torch::Tensor& input, const torch::Tensor& scale,
                                      const torch::Tensor& shift, torch::Tensor running_mean, torch::Tensor running_var,
                                      double momentum, double epsilon, double weight, Group& group) {
  torch::Tensor inverse;
  Statistics all;
  // Sums of many rounded numbers want more than bf16.
  const torch::Tensor x = input.scalar_type() == torch::kBFloat16 ? input.to(torch::kFloat32) : input;
  {
    const torch::NoGradGuard no_grad;
    all = gather(x, weight, group);
    const torch::Tensor variance = all.deviation / all.count;
    inverse = (variance + epsilon).rsqrt();
    running_mean.lerp_(all.mean, momentum);
    running_var.lerp_(all.deviation / std::max(all.count - 1, 1.0), momentum);
  }
  return BatchNormOfAll::apply(x, scale, shift, all.mean, inverse, all.count, weight,
                               reinterpret_cast<std::int64_t>(&group))
      .to(input.scalar_type());
}

}  // namespace graft
