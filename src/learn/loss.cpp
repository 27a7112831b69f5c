#include "learn/loss.h"

#include <numeric>
#include <random>

namespace graft {

torch::Tensor smooth_targets(const torch::Tensor& labels, std::int64_t label_count, double smoothing) {
  const torch::Tensor one_hot = torch::one_hot(labels, label_count).to(torch::kFloat32);
  return one_hot * (1 - smoothing) + smoothing / static_cast<double>(label_count);
}

Mixed mixup(const torch::Tensor& images, const torch::Tensor& targets, double alpha, Key key) {
  Random random(key);
  std::gamma_distribution<double> gamma(alpha, 1);
  const double a = gamma(random), b = gamma(random);
  const double share = a + b > 0 ? a / (a + b) : 1;
  std::vector<std::int64_t> indices(static_cast<std::size_t>(images.size(0)));
  for (std::size_t i = 0; i < indices.size(); ++i) {
    indices[i] = static_cast<std::int64_t>((i ^ 1) < indices.size() ? i ^ 1 : i);
  }
  const torch::Tensor partners = torch::tensor(indices);
  return {images * share + images.index_select(0, partners) * (1 - share),
          targets * share + targets.index_select(0, partners) * (1 - share)};
}

torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                            const torch::Tensor& label_weights, std::optional<double> mass) {
  const torch::Tensor weighted = label_weights.defined() ? targets * label_weights : targets;
  const torch::Tensor sum = -(weighted * torch::log_softmax(logits, 1)).sum();
  return mass ? sum / *mass : sum / weighted.sum();
}

double target_mass(const std::vector<int>& labels, const std::vector<float>& label_weights, double smoothing) {
  if (label_weights.empty()) return static_cast<double>(labels.size());
  const double mean =
      std::accumulate(label_weights.begin(), label_weights.end(), 0.0) / static_cast<double>(label_weights.size());
  double mass = 0;
  for (int label : labels) mass += (1 - smoothing) * label_weights[static_cast<std::size_t>(label)] + smoothing * mean;
  return mass;
}

std::vector<float> balanced_weights(const std::vector<int>& labels, std::size_t label_count) {
  std::vector<double> counts(label_count, 0);
  for (int label : labels) ++counts[static_cast<std::size_t>(label)];
  std::vector<float> weights(label_count, 0);
  for (std::size_t i = 0; i < label_count; ++i) {
    if (counts[i] > 0) {
      weights[i] =
          static_cast<float>(static_cast<double>(labels.size()) / (static_cast<double>(label_count) * counts[i]));
    }
  }
  return weights;
}

}  // namespace graft
