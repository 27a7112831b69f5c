#include "learn/step_loss.h"

#include "learn/loss.h"
#include "learn/mixed_precision.h"

namespace graft {
namespace {

constexpr double kAuxiliaryWeight = 0.4;  // Szegedy et al.

Network::Output forward(Network& network, const TrainerSettings& settings, const torch::Tensor& images,
                        const Share& share, Group& group) {
  const MixedPrecision rounding(network.device(), settings.mixed_precision);
  Network::Output out = network.forward(images, share, settings.synchronise && group.size() > 1 ? &group : nullptr);
  out.logits = out.logits.to(torch::kFloat32);
  if (out.auxiliary.defined()) out.auxiliary = out.auxiliary.to(torch::kFloat32);
  return out;
}

}  // namespace

StepLoss compute_loss(Network& network, const TrainerSettings& settings, torch::Tensor images, const StepLabels& labels,
                      const Share& share, const StepKeys& keys, Group& group) {
  const torch::Device device = network.device();
  torch::manual_seed(keys.dropout.value);
  const torch::Tensor truth = torch::tensor(std::vector<std::int64_t>(labels.own.begin(), labels.own.end())).to(device);
  torch::Tensor targets = smooth_targets(truth, static_cast<std::int64_t>(labels.kinds), settings.label_smoothing);
  if (settings.mixup > 0) {
    Mixed mixed = mixup(images, targets, settings.mixup, keys.mixup);
    images = mixed.images;
    targets = mixed.targets;
  }
  torch::Tensor weights;
  if (!settings.label_weights.empty()) weights = torch::tensor(settings.label_weights).to(device);
  const Network::Output out = forward(network, settings, images, share, group);
  const double mass = target_mass(labels.all, settings.label_weights, settings.label_smoothing) / share.weight;
  torch::Tensor loss = cross_entropy(out.logits, targets, weights, mass);
  if (out.auxiliary.defined()) loss = loss + kAuxiliaryWeight * cross_entropy(out.auxiliary, targets, weights, mass);
  return {loss, share.weight * (out.logits.argmax(1) == truth).sum().item<double>()};
}

}  // namespace graft
