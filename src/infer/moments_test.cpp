#include "infer/moments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "graph/builder.h"
#include "infer/naive.h"

namespace graft {
namespace {

// Mean and variance of `function` of a normal variable, by summing over it.
std::pair<double, double> summed(double mean, double deviation, double (*function)(double)) {
  double weight = 0, first = 0, second = 0;
  for (double z = -8; z <= 8; z += 1e-3) {
    const double density = std::exp(-0.5 * z * z), value = function(mean + deviation * z);
    weight += density;
    first += density * value;
    second += density * value * value;
  }
  return {first / weight, second / weight - first * first / weight / weight};
}

// A batch norm of two channels, whose outputs have the means -1 and 4 and the deviations 2 and 3, and what follows.
Moments after_batch_norm(const std::vector<Operation>& operations) {
  TinyGraph tiny({2, 3, 3});
  NodeId x = tiny.add("bn", BatchNorm{}, {0});
  for (std::size_t i = 0; i < operations.size(); ++i) x = tiny.add("node" + std::to_string(i), operations[i], {x});
  const Graph graph = tiny.finish(x);
  Weights weights = random_weights(graph, 1);
  weights["bn.bias"] = make_tensor({2}, std::vector<float>{-1, 4});
  weights["bn.weight"] = make_tensor({2}, std::vector<float>{2, -3});
  return lower(graph, weights).layers.back().expected;
}

TEST(Moments, BatchNormSaysThem) {
  const Moments moments = after_batch_norm({});
  EXPECT_EQ(moments.mean, (std::vector<float>{-1, 4}));
  EXPECT_EQ(moments.variance, (std::vector<float>{4, 9}));
}

TEST(Moments, ActivationsCutOff) {
  const Moments relu = after_batch_norm({Activation{}});
  const Moments relu6 = after_batch_norm({Activation{Activation::Function::relu6}});
  for (const auto& [channel, mean, deviation] : {std::tuple{0, -1.0, 2.0}, std::tuple{1, 4.0, 3.0}}) {
    const auto i = static_cast<std::size_t>(channel);
    const auto [first, second] = summed(mean, deviation, [](double x) { return std::max(x, 0.0); });
    EXPECT_NEAR(relu.mean[i], first, 1e-4);
    EXPECT_NEAR(relu.variance[i], second, 1e-3);
    const auto [first6, second6] = summed(mean, deviation, [](double x) { return std::clamp(x, 0.0, 6.0); });
    EXPECT_NEAR(relu6.mean[i], first6, 1e-4);
    EXPECT_NEAR(relu6.variance[i], second6, 1e-3);
  }
}

TEST(Moments, WithoutBatchNormNothingIsKnown) {
  EXPECT_TRUE(after_batch_norm({Conv2d{.out_channels = 2}}).mean.empty());
  EXPECT_TRUE(after_batch_norm({Conv2d{.out_channels = 2}, Activation{}}).mean.empty());
}

}  // namespace
}  // namespace graft
