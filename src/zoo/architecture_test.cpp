#include "zoo/architecture.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "graph/surgery.h"

namespace graft {
namespace {

// torchvision's counts, by sum(p.numel() for p in model.parameters()), with 1,000 labels.
TEST(Architecture, HasTorchvisionsNumberOfParameters) {
  EXPECT_EQ(cost(build("resnet18", 1000)).parameters, 11'689'512);
  EXPECT_EQ(cost(build("resnet34", 1000)).parameters, 21'797'672);
  EXPECT_EQ(cost(build("resnet50", 1000)).parameters, 25'557'032);
  EXPECT_EQ(cost(build("mobilenetv2_100", 1000)).parameters, 3'504'872);
  EXPECT_EQ(cost(build("inception_v3", 1000)).parameters, 27'161'264);
}

// The papers' figures: 1.8, 3.6 and 4.1 billion for the ResNets, 300 million for MobileNetV2, 5.7 billion for Inception
// v3.
TEST(Architecture, HasThePublishedNumberOfMultiplications) {
  EXPECT_NEAR(static_cast<double>(cost(build("resnet18", 1000)).multiply_adds), 1.81e9, 0.02e9);
  EXPECT_NEAR(static_cast<double>(cost(build("resnet50", 1000)).multiply_adds), 4.09e9, 0.04e9);
  EXPECT_NEAR(static_cast<double>(cost(build("mobilenetv2_100", 1000)).multiply_adds), 0.30e9, 0.01e9);
  EXPECT_NEAR(static_cast<double>(cost(cut_at(build("inception_v3", 1000), "fc")).multiply_adds), 5.7e9, 0.1e9);
}

TEST(Architecture, TheFlavoursOfMobileNetDifferInPaddingAndEpsilon) {
  const Graph torch = build("mobilenetv2_035", 2), tensorflow = build("tf_mobilenetv2_035", 2);
  EXPECT_EQ(cost(torch).parameters, cost(tensorflow).parameters);
  EXPECT_EQ(std::get<Conv2d>(torch.nodes[1].operation).padding, (Padding{1, 1, 1, 1}));
  EXPECT_EQ(std::get<Conv2d>(tensorflow.nodes[1].operation).padding, (Padding{0, 1, 0, 1}));
  EXPECT_EQ(std::get<BatchNorm>(tensorflow.nodes[2].operation).epsilon, 1e-3);
  EXPECT_EQ(infer_shapes(torch).back(), infer_shapes(tensorflow).back());
}

TEST(Architecture, EveryNameBuildsAndSurvivesJson) {
  for (const std::string& name : architectures()) {
    const Graph graph = build(name, 3);
    EXPECT_EQ(graph.architecture, name);
    EXPECT_EQ(graph_from_json(Json::parse(to_json(graph).dump()), name), graph);
    EXPECT_EQ(infer_shapes(graph)[static_cast<std::size_t>(graph.output)], (Shape{1, 3}));
  }
}

TEST(Architecture, AnUnknownNameListsTheKnown) {
  try {
    build("resnet19", 2);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("resnet18, resnet34, resnet50"), std::string::npos);
  }
  EXPECT_THROW(build("mobilenetv2_x", 2), Error);
  EXPECT_THROW(build("resnet18", 0), Error);
  EXPECT_THROW(build("resnet18", 2, 100000), Error);
}

TEST(Architecture, InitialWeightsAreAFunctionOfTheSeed) {
  const Graph graph = build("resnet10_025", 3);
  const Weights first = initial_weights(graph, 1), again = initial_weights(graph, 1), other = initial_weights(graph, 2);
  check_weights(graph, first, "initial weights");
  EXPECT_EQ(to_floats(first.at("conv1.weight")), to_floats(again.at("conv1.weight")));
  EXPECT_NE(to_floats(first.at("conv1.weight")), to_floats(other.at("conv1.weight")));
}

}  // namespace
}  // namespace graft
