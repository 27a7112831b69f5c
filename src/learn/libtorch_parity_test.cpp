// The libtorch back end of infer/ computes what training computes, of every architecture and in every form.
#include <gtest/gtest.h>

#include "base/error.h"
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
  double difference(LibtorchOptions::Form form, Precision precision,
                    LibtorchOptions::Device device = LibtorchOptions::Device::cpu, std::int64_t batch = 2) {
    const LibtorchPlan plan(graph_, network_.weights(), batch,
                            {.form = form, .device = device, .precision = precision, .threads = 1});
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

// Recorded as a CUDA graph where the batch is the plan's, and computed kernel by kernel where it is another.
TEST_P(LibtorchParity, GpuComputesTheNetwork) {
  if (!has_cuda()) GTEST_SKIP() << "there is no CUDA device";
  for (const std::int64_t batch : {2, 3}) {
    for (const auto form : {LibtorchOptions::Form::eager, LibtorchOptions::Form::frozen}) {
      // Convolutions in fp32 may be computed in TF32, which has 10 bits.
      EXPECT_LT(difference(form, Precision::fp32, LibtorchOptions::Device::cuda, batch), 2e-2);
      EXPECT_LT(difference(form, Precision::bf16, LibtorchOptions::Device::cuda, batch), 0.15);
    }
  }
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

TEST(Libtorch, RefusesADeviceThatIsNotThere) {
  if (has_cuda()) GTEST_SKIP() << "there is a CUDA device";
  const Graph graph = build("resnet10_025", 5, 32);
  EXPECT_THROW(LibtorchPlan(graph, initial_weights(graph, 1), 1, {.device = LibtorchOptions::Device::cuda}), Error);
}

#ifndef __SANITIZE_ADDRESS__  // which ends the process instead
TEST(Libtorch, SaysInOneSentenceThatMemoryIsShort) {
  // 16 GiB for each image; one operation, whose output alone is too large.
  Graph graph{"wide", {{"input", Input{1, 64, 64}, {}, ""}}, 0, 1, {}};
  graph.nodes.push_back({"conv", Conv2d{.out_channels = 1 << 20}, {0}, ""});
  const std::int64_t batch = 1 << 10;
  const LibtorchPlan plan(graph, initial_weights(graph, 1), batch, {});
  const std::vector<float> input(static_cast<std::size_t>(batch) * 64 * 64);
  std::vector<float> output(1);
  try {
    plan.run(input, batch, output);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "wide: libtorch needs more memory for a batch of 1024 than there is; take a smaller batch");
  }
}
#endif

}  // namespace
}  // namespace graft
