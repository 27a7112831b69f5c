// Compiled inference and libtorch compute the same of every architecture.
#include <gtest/gtest.h>

#include "graph/surgery.h"
#include "infer/plan.h"
#include "learn/network.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

// Nominal sizes for tests: odd ones, and pictures that are not square.
struct Case {
  const char* architecture;
  int height, width;
};

class PlanParity : public testing::TestWithParam<Case> {
 protected:
  PlanParity() {
    torch::manual_seed(1);
    // Running statistics as training would leave them: with those of initial weights batch norm does nothing.
    network_.forward(torch::randn({4, 3, GetParam().height, GetParam().width}), true);
  }
  torch::Tensor images(std::int64_t batch) const {
    return torch::randn({batch, 3, GetParam().height, GetParam().width});
  }

  Graph graph_ = with_input_size(build(GetParam().architecture, 5), GetParam().height, GetParam().width);
  Network network_{graph_, initial_weights(graph_, 3)};
};

torch::Tensor planned(const Plan& plan, const torch::Tensor& input) {
  torch::Tensor output = torch::empty({input.size(0), plan.output_length()});
  plan.run({input.data_ptr<float>(), static_cast<std::size_t>(input.numel())}, input.size(0),
           {output.data_ptr<float>(), static_cast<std::size_t>(output.numel())});
  return output;
}

double relative_error(const torch::Tensor& actual, const torch::Tensor& expected) {
  return ((actual - expected).abs().max() / expected.abs().max()).item<double>();
}

TEST_P(PlanParity, EqualsLibtorchAtEveryBatch) {
  const Plan plan(graph_, network_.weights(), {.threads = 2});
  for (const std::int64_t batch : {1, 2, 3, 7, 8, 33}) {
    const torch::Tensor input = images(batch);
    EXPECT_LT(relative_error(planned(plan, input), infer(network_, input)), 1e-4) << "batch " << batch;
  }
}

TEST_P(PlanParity, Bf16StaysNearLibtorch) {
  if (!is_available(Precision::bf16)) GTEST_SKIP() << "this processor has no bf16 arithmetic";
  const Graph trunk = backbone(graph_);
  Network features(trunk, network_.weights());
  const Plan plan(trunk, network_.weights(), {.threads = 2, .precision = Precision::bf16});
  const torch::Tensor input = images(5), expected = infer(features, input);
  const torch::Tensor difference = planned(plan, input) - expected;
  EXPECT_LT((difference.norm() / expected.norm()).item<double>(), 4e-2);  // real weights do better: plan_precision_test
}

INSTANTIATE_TEST_SUITE_P(Zoo, PlanParity,
                         testing::Values(Case{"resnet18", 97, 65}, Case{"resnet34", 64, 64}, Case{"resnet50", 65, 81},
                                         Case{"resnet10_025", 33, 47}, Case{"mobilenetv2_100", 96, 71},
                                         Case{"tf_mobilenetv2_035", 97, 96}, Case{"inception_v3", 299, 331}),
                         [](const auto& network) { return std::string(network.param.architecture); });

}  // namespace
}  // namespace graft
