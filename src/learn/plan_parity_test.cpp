// Compiled inference and libtorch compute the same of every architecture.
#include <gtest/gtest.h>

#include "infer/plan.h"
#include "learn/network.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

struct Case {
  const char* architecture;
  int size;
};

class PlanParity : public testing::TestWithParam<Case> {};

TEST_P(PlanParity, EqualsLibtorch) {
  const auto [architecture, size] = GetParam();
  const Graph graph = build(architecture, 5, size);
  Network network(graph, initial_weights(graph, 3));
  torch::manual_seed(1);
  // Running statistics as training would leave them: with those of initial weights batch norm does nothing.
  network.forward(torch::randn({4, 3, size, size}), true);
  const torch::Tensor input = torch::randn({3, 3, size, size});
  const torch::Tensor expected = infer(network, input);
  const Plan plan(graph, network.weights());
  torch::Tensor output = torch::empty_like(expected);
  plan.run({input.data_ptr<float>(), static_cast<std::size_t>(input.numel())}, 3,
           {output.data_ptr<float>(), static_cast<std::size_t>(output.numel())});
  EXPECT_LT((output - expected).abs().max().item<double>(), 1e-4 * expected.abs().max().item<double>());
}

INSTANTIATE_TEST_SUITE_P(Zoo, PlanParity,
                         testing::Values(Case{"resnet18", 97}, Case{"resnet34", 64}, Case{"resnet50", 64},
                                         Case{"resnet10_025", 33}, Case{"mobilenetv2_100", 96},
                                         Case{"tf_mobilenetv2_035", 96}, Case{"inception_v3", 299}),
                         [](const auto& network) { return std::string(network.param.architecture); });

}  // namespace
}  // namespace graft
