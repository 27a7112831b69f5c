// Expected numbers: the update rules by hand, one step at a time in double precision.
#include "learn/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "learn/loss.h"
#include "recipe/schedule.h"

namespace graft {
namespace {

// Three steps on f(x) = x * x / 2, whose gradient is x, from x = 1.
double descend(const OptimizerSettings& settings) {
  const torch::Tensor x = torch::ones({1, 1}).set_requires_grad(true);
  OptimizerState state;
  for (int i = 0; i < 3; ++i) {
    (x.square() / 2).sum().backward();
    optimizer_step(
        settings, {{"x", x}}, [&](const std::string&) { return settings.learning_rate; }, state);
    EXPECT_FALSE(x.grad().defined());
  }
  return x.item<double>();
}

TEST(Optimizer, SgdIsNesterovs) {
  double x = 1, velocity = 0;
  for (int i = 0; i < 3; ++i) {
    const double gradient = x + 0.01 * x;
    velocity = 0.9 * velocity + gradient;
    x -= 0.1 * (gradient + 0.9 * velocity);
  }
  EXPECT_NEAR(descend({.learning_rate = 0.1, .weight_decay = 0.01}), x, 1e-6);
}

TEST(Optimizer, AdamWDecaysApartFromTheGradient) {
  double x = 1, first = 0, second = 0;
  for (int i = 1; i <= 3; ++i) {
    const double gradient = x;
    x *= 1 - 0.1 * 0.01;
    first = 0.9 * first + 0.1 * gradient;
    second = 0.999 * second + 0.001 * gradient * gradient;
    x -= 0.1 * (first / (1 - std::pow(0.9, i))) / (std::sqrt(second / (1 - std::pow(0.999, i))) + 1e-8);
  }
  const OptimizerSettings settings{
      .method = OptimizerSettings::Method::adamw, .learning_rate = 0.1, .weight_decay = 0.01};
  EXPECT_NEAR(descend(settings), x, 1e-6);
}

TEST(Optimizer, BiasesAndBatchNormDoNotDecay) {
  const torch::Tensor bias = torch::ones({3}).set_requires_grad(true);
  (bias * 0).sum().backward();
  OptimizerState state;
  optimizer_step(
      {.weight_decay = 0.5}, {{"bias", bias}}, [](const std::string&) { return 0.1; }, state);
  EXPECT_TRUE(torch::equal(bias, torch::ones({3})));
}

TEST(Loss, SmoothedTargetsSumToOne) {
  const torch::Tensor targets = smooth_targets(torch::tensor({0, 2}, torch::kLong), 4, 0.2);
  EXPECT_TRUE(torch::allclose(targets.sum(1), torch::ones({2})));
  EXPECT_NEAR(targets[1][2].item<double>(), 0.85, 1e-6);
  EXPECT_NEAR(targets[1][0].item<double>(), 0.05, 1e-6);
}

TEST(Loss, MixupIsAFunctionOfTheKeyAndKeepsTheMass) {
  const torch::Tensor images = torch::arange(24).reshape({4, 6}).to(torch::kFloat32);
  const torch::Tensor targets = smooth_targets(torch::arange(4), 4, 0);
  const Mixed one = mixup(images, targets, 0.4, Key{3}), two = mixup(images, targets, 0.4, Key{3});
  EXPECT_TRUE(torch::equal(one.images, two.images));
  EXPECT_TRUE(torch::allclose(one.targets.sum(1), torch::ones({4})));
  EXPECT_NEAR(one.images.mean().item<double>(), images.mean().item<double>(), 1e-4);
  EXPECT_FALSE(torch::equal(one.images, mixup(images, targets, 0.4, Key{4}).images));
}

TEST(Loss, BalancedWeightsAverageToOneOverTheImages) {
  const std::vector<int> labels{0, 0, 0, 1};
  const std::vector<float> weights = balanced_weights(labels, 2);
  EXPECT_NEAR((3 * weights[0] + weights[1]) / 4, 1, 1e-6);
  EXPECT_NEAR(weights[1] / weights[0], 3, 1e-5);
}

TEST(Schedule, EachBeginsAndEndsWhereItShould) {
  EXPECT_NEAR(schedule_factor(Schedule::cosine, 0, 100, 10), 0.1, 1e-9);
  EXPECT_NEAR(schedule_factor(Schedule::cosine, 10, 100, 10), 1, 1e-9);
  EXPECT_NEAR(schedule_factor(Schedule::cosine, 100, 100, 10), 0, 1e-9);
  EXPECT_NEAR(schedule_factor(Schedule::step, 0, 90, 0), 1, 1e-9);
  EXPECT_NEAR(schedule_factor(Schedule::step, 45, 90, 0), 0.1, 1e-9);
  EXPECT_NEAR(schedule_factor(Schedule::step, 89, 90, 0), 0.01, 1e-9);
  EXPECT_NEAR(schedule_factor(Schedule::one_cycle, 30, 100, 0), 1, 1e-9);
  EXPECT_LT(schedule_factor(Schedule::one_cycle, 0, 100, 0), 0.05);
  EXPECT_NEAR(schedule_factor(Schedule::one_cycle, 100, 100, 0), 0, 1e-9);
  EXPECT_EQ(schedule_factor(Schedule::constant, 50, 100, 0), 1);
}

}  // namespace
}  // namespace graft
