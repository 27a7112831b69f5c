#include "infer/plan.h"

#include <gmock/gmock.h>

#include <cmath>
#include <thread>

#include "base/error.h"
#include "graph/builder.h"
#include "infer/calibration.h"
#include "infer/naive.h"

namespace graft {
namespace {

std::vector<float> run(const Plan& plan, const std::vector<float>& input, std::int64_t batch) {
  std::vector<float> output(static_cast<std::size_t>(batch * plan.output_length()));
  plan.run(input, batch, output);
  return output;
}

// The plan of `graph` against straight loops, at batches of 1 to 5.
void expect_parity(const Graph& graph, double tolerance = 1e-5, Precision precision = Precision::fp32) {
  const Weights weights = random_weights(graph, 1);
  const Plan plan(graph, weights, {.threads = 2, .precision = precision});
  for (std::int64_t batch = 1; batch <= 5; ++batch) {
    const std::vector<float> input = random_input(graph, batch, static_cast<std::uint64_t>(batch));
    const std::vector<float> expected = run_naive(graph, weights, input, batch);
    EXPECT_LT(largest_error(run(plan, input, batch), expected), tolerance) << "batch " << batch;
  }
}

Graph one_operation(Input input, Operation operation) {
  TinyGraph tiny(input);
  return tiny.finish(tiny.add("node", std::move(operation), {0}));
}

struct ConvolutionCase {
  const char* what;
  Input input;
  Conv2d operation;
};

class Convolutions : public testing::TestWithParam<ConvolutionCase> {};

TEST_P(Convolutions, EqualStraightLoops) {
  expect_parity(one_operation(GetParam().input, GetParam().operation));
}

constexpr Pair k1{1, 1}, k3{3, 3}, k7{7, 7}, s2{2, 2};
INSTANTIATE_TEST_SUITE_P(
    Plan, Convolutions,
    testing::Values(
        ConvolutionCase{"pointwise", {16, 7, 9}, {.out_channels = 32, .kernel = k1}},
        ConvolutionCase{"pointwise_strided", {24, 9, 7}, {.out_channels = 40, .kernel = k1, .stride = s2}},
        ConvolutionCase{"odd_channels", {5, 8, 6}, {.out_channels = 7, .kernel = k3, .padding = pad(1)}},
        ConvolutionCase{"with_bias", {8, 5, 5}, {.out_channels = 8, .kernel = k3, .padding = pad(1), .bias = true}},
        ConvolutionCase{"stem", {3, 33, 29}, {.out_channels = 16, .kernel = k7, .stride = s2, .padding = pad(3)}},
        ConvolutionCase{"below_and_right",
                        {3, 12, 14},
                        {.out_channels = 8, .kernel = k3, .stride = s2, .padding = {.bottom = 1, .right = 1}}},
        ConvolutionCase{"above_only", {16, 12, 14}, {.out_channels = 16, .kernel = k3, .padding = {.top = 2}}},
        ConvolutionCase{"row", {16, 6, 9}, {.out_channels = 24, .kernel = {1, 7}, .padding = {.left = 3, .right = 3}}},
        ConvolutionCase{"uneven_strides", {6, 13, 11}, {.out_channels = 6, .kernel = k3, .stride = {3, 1}}},
        ConvolutionCase{"groups", {12, 7, 7}, {.out_channels = 18, .kernel = k3, .padding = pad(1), .groups = 3}},
        ConvolutionCase{"depthwise", {20, 9, 9}, {.out_channels = 20, .kernel = k3, .padding = pad(1), .groups = 20}},
        ConvolutionCase{
            "depthwise_below_and_right",
            {24, 10, 10},
            {.out_channels = 24, .kernel = k3, .stride = s2, .padding = {.bottom = 1, .right = 1}, .groups = 24}},
        ConvolutionCase{"two_outputs_per_group", {8, 7, 7}, {.out_channels = 16, .kernel = k3, .groups = 8}},
        ConvolutionCase{
            "dilated", {16, 13, 12}, {.out_channels = 16, .kernel = k3, .padding = pad(2), .dilation = {2, 3}}},
        ConvolutionCase{"whole_image", {10, 4, 3}, {.out_channels = 12, .kernel = {4, 3}}}),
    [](const auto& test) { return std::string(test.param.what); });

TEST(Plan, MaxPoolsEqualStraightLoops) {
  expect_parity(one_operation({16, 9, 11}, MaxPool{k3, s2, pad(1)}));
  expect_parity(one_operation({5, 9, 11}, MaxPool{k3, s2, {.bottom = 1, .right = 2}}));
  expect_parity(one_operation({20, 10, 8}, MaxPool{k3, s2, {}, true}));
  expect_parity(one_operation({4, 8, 8}, MaxPool{{2, 3}, {2, 3}, {}, true}));
}

TEST(Plan, AveragePoolsEqualStraightLoops) {
  expect_parity(one_operation({16, 9, 11}, AveragePool{k3, {}, pad(1), true}));
  expect_parity(one_operation({16, 9, 11}, AveragePool{k3, {}, pad(1), false}));
  expect_parity(one_operation({7, 10, 9}, AveragePool{k3, s2, {.top = 1, .right = 2}, false}));
  expect_parity(one_operation({35, 7, 5}, GlobalAveragePool{}));
}

TEST(Plan, TheOtherOperationsEqualStraightLoopsAlone) {
  expect_parity(one_operation({6, 5, 7}, BatchNorm{}));
  expect_parity(one_operation({6, 5, 7}, Activation{Activation::Function::relu6}));
  expect_parity(one_operation({6, 5, 7}, Activation{Activation::Function::sqrt}));
  expect_parity(one_operation({6, 5, 7}, Flatten{}));
  expect_parity(one_operation({6, 5, 7}, Dropout{}));
}

TEST(Plan, OneImageIsTheSameWhoeverComputesIt) {
  using enum PlanOptions::OneImage;
  const Graph graph = one_operation({16, 9, 11}, Conv2d{.out_channels = 32, .kernel = k3, .padding = pad(1)});
  const Weights weights = random_weights(graph, 1);
  const std::vector<float> input = random_input(graph, 1, 1), expected = run_naive(graph, weights, input, 1);
  for (const auto who : {together, one_stream, timed}) {
    const Plan plan(graph, weights, {.threads = 2, .one_image = who});
    EXPECT_LT(largest_error(run(plan, input, 1), expected), 1e-5);
    EXPECT_TRUE(who == timed || plan.one_image_together() == (who == together));
  }
  EXPECT_FALSE(Plan(graph, weights, {.threads = 1, .one_image = timed}).one_image_together());
}

TEST(Plan, APlanThatIsCompiledInTheBackgroundComputesTheSame) {
  const Graph graph = one_operation({16, 9, 11}, Conv2d{.out_channels = 32, .kernel = k3, .padding = pad(1)});
  const Weights weights = random_weights(graph, 1);
  const std::vector<float> input = random_input(graph, 5, 1);
  const Plan plan(graph, weights, {.threads = 2, .in_background = true});
  EXPECT_LT(largest_error(run(plan, input, 5), run_naive(graph, weights, input, 5)), 1e-5);
  EXPECT_THROW(Plan(graph, {}, {.in_background = true}), std::exception);
}

TEST(Plan, ALinearLayerReadsFlattenedImagesInOrder) {
  TinyGraph tiny({6, 3, 5});
  const NodeId x = tiny.add("conv", Conv2d{.out_channels = 18, .kernel = k3, .padding = pad(1)}, {0});
  const NodeId hidden = tiny.add("fc1", Linear{.out_features = 20}, {tiny.add("flatten", Flatten{}, {x})});
  expect_parity(tiny.finish(tiny.add("fc2", Linear{.out_features = 11, .bias = false}, {tiny.relu("relu", hidden)})));
}

TEST(Plan, TheSquareRootOfWhatIsBelowZeroIsZeroBehindAConvolutionToo) {
  TinyGraph tiny({6, 5, 7});
  const NodeId x = tiny.add("conv", Conv2d{.out_channels = 18}, {0});
  expect_parity(tiny.finish(tiny.add("root", Activation{Activation::Function::sqrt}, {x})));
}

TEST(Plan, ConcatKeepsTheOrderOfChannelsWhateverTheirNumber) {
  for (const int channels : {16, 5, 24}) {
    TinyGraph tiny({3, 8, 9});
    const NodeId a = tiny.add("a", Conv2d{.out_channels = channels, .kernel = k3, .padding = pad(1)}, {0});
    const NodeId b = tiny.add("b", Conv2d{.out_channels = 32}, {0});
    const NodeId pool = tiny.add("pool", MaxPool{k3, {1, 1}, pad(1)}, {a});
    const NodeId joined = tiny.add("concat", Concat{}, {a, b, pool, 0, a});
    expect_parity(tiny.finish(tiny.add("after", Conv2d{.out_channels = 16}, {tiny.relu("relu", joined)})));
  }
}

// conv1 feeds a block whose shortcut is computed by `shortcut` and whose end is read by `after`.
struct Block {
  TinyGraph tiny{Input{3, 9, 8}};
  NodeId stem = tiny.relu("stem.relu", conv("stem", 0));

  NodeId conv(const std::string& name, NodeId x) {
    x = tiny.add(name, Conv2d{.out_channels = 20, .kernel = k3, .padding = pad(1)}, {x});
    return tiny.add(name + ".bn", BatchNorm{}, {x});
  }
  NodeId add(const std::string& name, NodeId a, NodeId b) { return tiny.add(name, Add{}, {a, b}); }
};

TEST(Plan, AResidualIsAddedInPlace) {
  Block block;
  const NodeId x = block.conv("conv2", block.tiny.relu("relu1", block.conv("conv1", block.stem)));
  expect_parity(block.tiny.finish(block.tiny.relu("relu", block.add("add", x, block.stem))));
}

TEST(Plan, AResidualThatIsReadLaterIsKept) {
  Block block;
  const NodeId x = block.tiny.relu("relu", block.add("add", block.conv("conv", block.stem), block.stem));
  expect_parity(block.tiny.finish(block.tiny.add("concat", Concat{}, {x, block.stem})));
}

TEST(Plan, AConvolutionWhoseResidualIsItsOwnInputReadsItIntact) {
  Block block;
  expect_parity(block.tiny.finish(block.add("add", block.conv("conv", block.stem), block.stem)));
}

TEST(Plan, ThePictureItselfCanBeAResidual) {
  TinyGraph tiny({3, 6, 7});
  const NodeId x = tiny.add("conv", Conv2d{.out_channels = 3, .kernel = k3, .padding = pad(1)}, {0});
  expect_parity(tiny.finish(tiny.add("add", Add{}, {0, x})));
}

TEST(Plan, ASumOfActivationsIsComputed) {
  Block block;
  const NodeId a = block.tiny.relu("a.relu", block.conv("a", block.stem));
  const NodeId b = block.tiny.add("b.relu", Activation{Activation::Function::relu6}, {block.conv("b", block.stem)});
  expect_parity(block.tiny.finish(block.tiny.relu("relu", block.add("add", a, b))));
}

TEST(Plan, ThePictureItselfCanBeTheOutput) {
  const Graph graph = TinyGraph({3, 6, 7}).finish(0);
  expect_parity(graph, 1e-12);
}

Graph small_network() {
  Block block;
  const NodeId x = block.tiny.relu("relu", block.add("add", block.conv("conv", block.stem), block.stem));
  const NodeId pooled = block.tiny.add("pool", GlobalAveragePool{}, {x});
  const NodeId features = block.tiny.add("flatten", Flatten{}, {pooled});
  return block.tiny.finish(block.tiny.add("fc", Linear{.out_features = 10}, {features}));
}

TEST(Plan, Bf16StaysNear) {
  if (!is_available(Precision::bf16)) GTEST_SKIP() << "this processor has no bf16 arithmetic";
  expect_parity(small_network(), 2e-2, Precision::bf16);
}

ActivationRanges calibrated(const Graph& graph, const Weights& weights) {
  Calibrator calibrator(graph, weights);
  calibrator.observe(random_input(graph, 16, 9), 16);
  return calibrator.ranges();
}

// The root of the mean squared error as a share of the values' own: what is cut off makes single errors large.
double typical_error(const std::vector<float>& actual, const std::vector<float>& expected) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += (actual[i] - expected[i]) * (actual[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  return std::sqrt(error / size);
}

// int8 has 255 steps, so its error is larger than bf16's; a wrong scale or sign is far outside of it.
void expect_int8_parity(const Graph& graph) {
  if (!is_available(Precision::int8)) GTEST_SKIP() << "this processor has no int8 arithmetic";
  const Weights weights = random_weights(graph, 1);
  const Plan plan(graph, weights, {.threads = 2, .precision = Precision::int8, .ranges = calibrated(graph, weights)});
  for (std::int64_t batch = 1; batch <= 5; ++batch) {
    const std::vector<float> input = random_input(graph, batch, static_cast<std::uint64_t>(batch));
    const std::vector<float> expected = run_naive(graph, weights, input, batch);
    EXPECT_LT(typical_error(run(plan, input, batch), expected), 4e-2) << "batch " << batch;
  }
}

TEST(Plan, Int8StaysNear) {
  expect_int8_parity(small_network());
}

TEST(Plan, Int8AddsResidualsOfAnotherSign) {
  Block block;  // the shortcut has negative values, what it is added to writes none
  const NodeId stem = block.tiny.relu("second.relu", block.conv("second", block.stem));
  const NodeId shortcut = block.conv("shortcut", stem);
  const NodeId sum = block.tiny.relu("relu", block.add("add", block.conv("conv", stem), shortcut));
  const NodeId last = block.conv("last", sum);
  const NodeId pooled = block.tiny.add("pool", GlobalAveragePool{}, {last});
  expect_int8_parity(block.tiny.finish(block.tiny.add("flatten", Flatten{}, {pooled})));
}

TEST(Plan, Int8LimitsRelu6AndKeepsNegativeValues) {
  Block block;
  NodeId x = block.tiny.add("relu6", Activation{Activation::Function::relu6}, {block.conv("expand", block.stem)});
  x = block.add("add", block.conv("project", x), block.stem);
  x = block.conv("next", x);
  expect_int8_parity(block.tiny.finish(x));
}

TEST(Plan, Int8GoesThroughPoolsAndConcatenations) {
  Block block;
  const NodeId a = block.tiny.relu("a.relu", block.conv("a", block.stem));
  const NodeId b = block.conv("b", block.stem);
  const NodeId pool = block.tiny.add("pool", MaxPool{.kernel = k3, .padding = pad(1)}, {a});
  const NodeId mean = block.tiny.add("mean", AveragePool{.kernel = k3, .padding = pad(1)}, {b});
  const NodeId joined = block.tiny.add("joined", Concat{}, {pool, mean, a});
  expect_int8_parity(block.tiny.finish(block.conv("last", joined)));
}

TEST(Plan, Int8NeedsRangesOfItsLayers) {
  if (!is_available(Precision::int8)) GTEST_SKIP() << "this processor has no int8 arithmetic";
  const Graph graph = small_network();
  try {
    Plan plan(graph, random_weights(graph, 1), {.precision = Precision::int8});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("calibrate"));
  }
}

TEST(Plan, ProfilesEveryStep) {
  const Graph graph = small_network();
  const Plan plan(graph, random_weights(graph, 1), {.threads = 2});
  const std::vector<LayerTime> times = plan.profile(random_input(graph, 8, 1), 8);
  double multiply_adds = 0;
  for (const LayerTime& time : times) {
    EXPECT_GT(time.seconds, 0) << time.name;
    multiply_adds += time.multiply_adds;
  }
  EXPECT_EQ(multiply_adds, 8 * static_cast<double>(cost(graph).multiply_adds));
}

TEST(Plan, LargeBatchesGiveWhatTheirImagesGiveAlone) {
  const Graph graph = small_network();
  const Plan plan(graph, random_weights(graph, 1), {.threads = 2});
  const std::vector<float> input = random_input(graph, 43, 3);
  const std::vector<float> together = run(plan, input, 43);
  const auto length = static_cast<std::ptrdiff_t>(plan.input_length());
  for (std::ptrdiff_t i = 0; i < 43; ++i) {
    const std::vector<float> one(input.begin() + i * length, input.begin() + (i + 1) * length);
    const std::vector<float> expected(together.begin() + i * 10, together.begin() + (i + 1) * 10);
    EXPECT_LT(largest_error(run(plan, one, 1), expected), 1e-5) << "image " << i;
  }
}

TEST(Plan, MemoryDoesNotGrowWithTheBatch) {
  const Graph graph = small_network();
  const Plan plan(graph, random_weights(graph, 1), {.threads = 1});
  run(plan, random_input(graph, 8, 1), 8);
  const std::size_t bytes = plan.arena_bytes();
  run(plan, random_input(graph, 100, 1), 100);
  EXPECT_EQ(plan.arena_bytes(), bytes);
  EXPECT_GT(plan.weight_bytes(), 0u);
}

TEST(Plan, ManyThreadsRunAtOnce) {
  const Graph graph = small_network();
  const Plan plan(graph, random_weights(graph, 1), {.threads = 1});
  const std::vector<float> input = random_input(graph, 7, 3), expected = run(plan, input, 7);
  std::vector<std::vector<float>> outputs(4);
  {
    std::vector<std::jthread> callers;
    for (auto& output : outputs) {
      callers.emplace_back([&] {
        for (int i = 0; i < 5; ++i) output = run(plan, input, 7);
      });
    }
  }
  EXPECT_THAT(outputs, testing::Each(expected));
}

TEST(Plan, ABatchOfTheWrongSizeIsRefused) {
  const Graph graph = small_network();
  const Plan plan(graph, random_weights(graph, 1), {.threads = 1});
  std::vector<float> output(20);
  EXPECT_THROW(plan.run(random_input(graph, 2, 1), 3, output), Error);
  EXPECT_THROW(plan.run({}, 0, {}), Error);
}

TEST(Plan, MissingWeightsAreNamed) {
  const Graph graph = small_network();
  Weights weights = random_weights(graph, 1);
  weights.erase("conv.weight");
  try {
    Plan plan(graph, weights);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("conv.weight"));
  }
}

}  // namespace
}  // namespace graft
