// The libtorch back end of infer/ computes what training computes, of every architecture and in every form.
#include <gtest/gtest.h>

#include "infer/libtorch.h"
#include "learn/network.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

struct Case {
  const char* architecture;
  int size;
};

class LibtorchParity : public testing::TestWithParam<Case> {
 protected:
  LibtorchParity() : network_(graph_, initial_weights(graph_, 3)) {
    torch::manual_seed(1);
    // Running statistics as training would leave them: with those of initial weights batch norm does nothing.
    network_.forward(torch::randn({4, 3, GetParam().size, GetParam().size}), true);
    input_ = torch::randn({3, 3, GetParam().size, GetParam().size});
    expected_ = infer(network_, input_);
  }

  // The length of the difference, as a share of the output's. The plan is made for another batch than it runs.
  double difference(LibtorchOptions::Form form, Precision precision) {
    const LibtorchPlan plan(graph_, network_.weights(), 2, {.form = form, .precision = precision, .threads = 1});
    torch::Tensor output = torch::empty_like(expected_);
    plan.run({input_.data_ptr<float>(), static_cast<std::size_t>(input_.numel())}, 3,
             {output.data_ptr<float>(), static_cast<std::size_t>(output.numel())});
    return ((output - expected_).norm() / expected_.norm()).item<double>();
  }

  Graph graph_ = build(GetParam().architecture, 5, GetParam().size);
  Network network_;
  torch::Tensor input_, expected_;
};

TEST_P(LibtorchParity, EagerAndFrozenEqualTheNetwork) {
  EXPECT_LT(difference(LibtorchOptions::Form::eager, Precision::fp32), 1e-4);
  EXPECT_LT(difference(LibtorchOptions::Form::frozen, Precision::fp32), 1e-4);
}

// bf16 has 8 bits, and what they lose adds up over the layers.
TEST_P(LibtorchParity, Bf16ComesNearTheNetwork) {
  EXPECT_LT(difference(LibtorchOptions::Form::eager, Precision::bf16), 0.15);
  EXPECT_LT(difference(LibtorchOptions::Form::frozen, Precision::bf16), 0.15);
}

INSTANTIATE_TEST_SUITE_P(Zoo, LibtorchParity,
                         testing::Values(Case{"resnet18", 64}, Case{"resnet34", 64}, Case{"resnet50", 64},
                                         Case{"resnet10_025", 64}, Case{"mobilenetv2_100", 96},
                                         Case{"tf_mobilenetv2_035", 96}, Case{"inception_v3", 299}),
                         [](const auto& network) { return std::string(network.param.architecture); });

TEST(Libtorch, RefusesInt8AndNumbersThatAreNotTheBatch) {
  const Graph graph = build("resnet10_025", 5, 32);
  const Weights weights = initial_weights(graph, 1);
  EXPECT_THROW(LibtorchPlan(graph, weights, 1, {.precision = Precision::int8}), std::exception);
  const LibtorchPlan plan(graph, weights, 1, {});
  std::vector<float> input(3 * 32 * 32), output(5);
  EXPECT_THROW(plan.run(std::span(input).first(10), 1, output), std::exception);
  EXPECT_THROW(plan.run(input, 1, std::span(output).first(4)), std::exception);
}

}  // namespace
}  // namespace graft
