#include "infer/passes.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "graph/builder.h"
#include "infer/naive.h"

namespace graft {
namespace {

using testing::ElementsAre;

std::vector<std::string> names(const Program& program) {
  std::vector<std::string> out;
  for (const Layer& layer : program.layers) out.push_back(layer.name);
  return out;
}

// A graph under construction, its weights, and what its passes must not change.
class Passes : public testing::Test {
 protected:
  NodeId conv(const std::string& name, NodeId x, int channels = 4, bool bias = false) {
    const Conv2d operation{.out_channels = channels, .kernel = {3, 3}, .padding = pad(1), .bias = bias};
    return builder_.add(name, operation, {x});
  }
  NodeId norm(const std::string& name, NodeId x) { return builder_.add(name, BatchNorm{}, {x}); }
  NodeId add(const std::string& name, NodeId a, NodeId b) { return builder_.add(name, Add{}, {a, b}); }

  Program lowered(NodeId output) {
    graph_ = builder_.finish(output);
    weights_ = random_weights(graph_, 1);
    return lower(graph_, weights_);
  }
  void expect_same_output(const Program& program) {
    const std::vector<float> input = random_input(graph_, 2, 2);
    EXPECT_LT(largest_error(run_naive(program, input, 2), run_naive(graph_, weights_, input, 2)), 1e-5);
  }

  TinyGraph builder_{Input{4, 5, 6}};
  Graph graph_;
  Weights weights_;
};

TEST_F(Passes, LoweringLeavesOutWhatChangesNothing) {
  NodeId x = builder_.add("dropout", Dropout{}, {0});
  x = builder_.add("concat", Concat{}, {x});
  x = builder_.add("flatten", Flatten{}, {x});
  x = builder_.relu("relu", x);
  const Program program = lowered(builder_.add("fc", Linear{.out_features = 3}, {x}));
  EXPECT_THAT(names(program), ElementsAre("input", "relu", "fc"));
  expect_same_output(program);
}

TEST_F(Passes, LoweringLeavesOutWhatTheOutputDoesNotNeed) {
  const NodeId x = conv("conv", 0);
  conv("auxiliary", x);
  EXPECT_THAT(names(lowered(x)), ElementsAre("input", "conv"));
}

TEST_F(Passes, LoweringRefusesToAddFlattenedImagesToFeatures) {
  const NodeId flat = builder_.add("flatten", Flatten{}, {0});
  const NodeId x = builder_.add("fc", Linear{.out_features = 120}, {flat});
  graph_ = builder_.finish(add("strange", flat, x));
  try {
    lower(graph_, random_weights(graph_, 1));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("strange"));
  }
}

TEST_F(Passes, BatchNormsGoIntoConvolutionsWithoutAndWithBias) {
  NodeId x = norm("bn1", conv("conv1", 0));
  x = norm("bn2", conv("conv2", x, 3, true));
  Program program = lowered(x);
  fold_batch_norms(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv1", "conv2"));
  expect_same_output(program);
}

TEST_F(Passes, TwoBatchNormsInARowBothFold) {
  Program program = lowered(norm("bn2", norm("bn1", conv("conv", 0))));
  fold_batch_norms(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv"));
  expect_same_output(program);
}

TEST_F(Passes, ABatchNormStaysWhenAnotherLayerReadsTheConvolution) {
  const NodeId x = conv("conv", 0);
  Program program = lowered(add("add", x, norm("bn", x)));
  fold_batch_norms(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv", "bn", "add"));
}

TEST_F(Passes, ABatchNormWithoutConvolutionBecomesADepthwiseOne) {
  Program program = lowered(conv("conv", builder_.relu("relu", norm("bn", 0))));
  convert_batch_norms(program);
  EXPECT_EQ(std::get<Conv2d>(program.layers[1].operation).groups, 4);
  expect_same_output(program);
}

TEST_F(Passes, AnAddBecomesTheResidualOfItsLaterConvolution) {
  const NodeId x = conv("conv1", 0);
  const NodeId main_path = conv("conv2", x);
  Program program = lowered(add("add", main_path, conv("downsample", x)));
  fuse_residuals(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv1", "conv2", "downsample"));
  EXPECT_TRUE(program.layers[3].residual);
  EXPECT_THAT(program.layers[3].inputs, ElementsAre(1, 2));
  expect_same_output(program);
}

TEST_F(Passes, AnEarlierConvolutionTakesTheResidualWhenTheLaterOperandCannot) {
  const NodeId early = conv("conv1", 0);
  const NodeId late = builder_.relu("relu", conv("conv2", 0));
  Program program = lowered(add("add", early, late));
  fuse_residuals(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv2", "relu", "conv1"));
  expect_same_output(program);
}

TEST_F(Passes, AnAddOfSharedConvolutionsStays) {
  const NodeId x = conv("conv", 0);
  Program program = lowered(add("add", x, x));
  fuse_residuals(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv", "add"));
  expect_same_output(program);
}

TEST_F(Passes, ActivationsGoBehindConvolutionsSumsAndLinearLayers) {
  NodeId x = builder_.relu("relu1", conv("conv", 0));
  x = builder_.relu("relu2", add("add", x, 0));
  x = builder_.add("fc", Linear{.out_features = 5}, {builder_.add("flatten", Flatten{}, {x})});
  Program program = lowered(builder_.add("relu3", Activation{Activation::Function::relu6}, {x}));
  fuse_activations(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv", "add", "fc"));
  EXPECT_EQ(program.layers[3].activation, Activation::Function::relu6);
  expect_same_output(program);
}

TEST_F(Passes, ASecondActivationStaysALayer) {
  const NodeId x = builder_.relu("relu", conv("conv", 0));
  Program program = lowered(builder_.add("relu6", Activation{Activation::Function::relu6}, {x}));
  fuse_activations(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv", "relu6"));
  expect_same_output(program);
}

TEST_F(Passes, AnActivationThatIsNotTheOnlyReaderStaysALayer) {
  const NodeId x = conv("conv", 0);
  Program program = lowered(builder_.add("concat", Concat{}, {x, builder_.relu("relu", x)}));
  optimize(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv", "relu", "concat"));
  expect_same_output(program);
}

TEST_F(Passes, AResidualBlockBecomesItsConvolutions) {
  const NodeId x = builder_.relu("relu", norm("bn1", conv("conv1", 0)));
  NodeId y = builder_.relu("block.relu1", norm("block.bn1", conv("block.conv1", x)));
  y = norm("block.bn2", conv("block.conv2", y));
  Program program = lowered(builder_.relu("block.relu", add("block.add", y, x)));
  optimize(program);
  EXPECT_THAT(names(program), ElementsAre("input", "conv1", "block.conv1", "block.conv2"));
  EXPECT_TRUE(program.layers[3].residual);
  EXPECT_EQ(program.layers[3].activation, Activation::Function::relu);
  expect_same_output(program);
}

}  // namespace
}  // namespace graft
