#include "learn/head_objective.h"

#include <gtest/gtest.h>

#include "learn/head_kernels.h"

namespace graft {
namespace {

const float* data(const torch::Tensor& tensor) {
  return tensor.data_ptr<float>();
}

TEST(HeadKernels, EveryProcessorsAreMatrixProducts) {
  torch::manual_seed(1);
  for (const HeadKernels& kernels : head_kernels()) {
    for (const std::int64_t rows : {1, 7, 8, 21}) {
      const torch::Tensor features = torch::randn({rows, 37}), weight = torch::randn({37, kLanes});
      const torch::Tensor slopes = torch::randn({rows, 2 * kLanes});  // of two groups, of which the second is used
      const torch::Tensor slope = slopes.slice(1, kLanes);
      torch::Tensor sums = torch::ones({rows, 2 * kLanes}), gradient = torch::ones({37, kLanes});
      kernels.add_products(data(features), rows, 37, data(weight), sums.data_ptr<float>() + kLanes, 2 * kLanes);
      kernels.add_outer_products(data(features), rows, 37, data(slopes) + kLanes, 2 * kLanes,
                                 gradient.data_ptr<float>());
      EXPECT_TRUE(torch::allclose(sums.slice(1, kLanes), 1 + features.mm(weight), 1e-4, 1e-4)) << kernels.name;
      EXPECT_TRUE(torch::equal(sums.slice(1, 0, kLanes), torch::ones({rows, kLanes}))) << kernels.name;
      EXPECT_TRUE(torch::allclose(gradient, 1 + features.t().mm(slope), 1e-4, 1e-4)) << kernels.name;
    }
  }
}

// More and fewer labels than a group has, more and fewer images than there are parts.
struct Case {
  std::int64_t images;
  int labels;
  bool root;
};

class HeadObjective : public testing::TestWithParam<Case> {
 protected:
  HeadObjective() {
    torch::manual_seed(2);
    const auto [images, labels, root] = GetParam();
    set_.features = torch::rand({images, 45}) + 0.1;
    for (std::int64_t i = 0; i < images; ++i) set_.labels.push_back(static_cast<int>(i) % labels);
    settings_.spec = {.labels = labels, .root = root};
    settings_.label_smoothing = 0.1;
    settings_.label_weights.assign(static_cast<std::size_t>(labels), 1);
    settings_.label_weights[0] = 3;
    head_ = {torch::randn({labels, 45}), torch::randn({labels})};
  }
  FeatureSet set_;
  HeadSettings settings_;
  LinearHead head_;
};

// What libtorch's own loss and automatic gradient say.
TEST_P(HeadObjective, LossAndGradientAreThoseOfCrossEntropy) {
  const Objective objective(set_, settings_);
  LinearHead gradient;
  const double loss = objective.evaluate(head_, gradient, 0.01);

  const torch::Tensor weight = head_.weight.clone().requires_grad_(), bias = head_.bias.clone().requires_grad_();
  const Standard& standard = objective.standard();
  const torch::Tensor x = (taken(set_.features, settings_.spec) - standard.mean) * standard.inverse_deviation;
  const torch::Tensor log_p = torch::log_softmax(torch::linear(x, weight, bias), 1);
  const torch::Tensor expected =
      -(log_p * objective.targets()).sum() / objective.targets().sum() + 0.01 * weight.square().sum();
  expected.backward();
  EXPECT_NEAR(loss, expected.item<double>(), 1e-4 * loss);
  EXPECT_TRUE(torch::allclose(gradient.weight, weight.grad(), 1e-3, 1e-5));
  EXPECT_TRUE(torch::allclose(gradient.bias, bias.grad(), 1e-3, 1e-5));
}

TEST_P(HeadObjective, LogitsAreProducts) {
  torch::Tensor logits = torch::empty({GetParam().images, GetParam().labels});
  linear_logits(set_.features, settings_.spec, head_, logits);
  const torch::Tensor expected = torch::linear(taken(set_.features, settings_.spec), head_.weight, head_.bias);
  EXPECT_TRUE(torch::allclose(logits, expected, 1e-4, 1e-4));
}

TEST_P(HeadObjective, TheSameEachTime) {
  const Objective objective(set_, settings_);
  LinearHead first, second;
  EXPECT_EQ(objective.evaluate(head_, first, 0.01), objective.evaluate(head_, second, 0.01));
  EXPECT_TRUE(torch::equal(first.weight, second.weight));
}

INSTANTIATE_TEST_SUITE_P(Sizes, HeadObjective,
                         testing::Values(Case{5, 2, false}, Case{300, 15, false}, Case{300, 15, true},
                                         Case{2500, 16, false}, Case{700, 40, true}));

}  // namespace
}  // namespace graft
