// A head by itself answers as the plan of the whole bundle does.
#include "bundle/head.h"

#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/surgery.h"
#include "infer/naive.h"
#include "infer/predictor.h"

namespace graft {
namespace {

// A network whose 70 features are never negative.
Bundle network(const HeadSpec& spec) {
  GraphBuilder builder("small", Input{3, 16, 16});
  builder.begin_block("stem");
  NodeId x = builder.add("conv", Conv2d{.out_channels = 70, .kernel = {3, 3}, .bias = true}, {builder.input()});
  x = builder.features("pool", builder.add("relu", Activation{}, {x}));
  builder.begin_block("head");
  Bundle bundle;
  bundle.graph = replace_head(builder.finish(builder.add("fc", Linear{2}, {x})), spec);
  bundle.weights = random_weights(bundle.graph, 3);
  for (int i = 0; i < spec.labels; ++i) bundle.labels.push_back(std::to_string(i));
  bundle.preprocess = {.width = 16, .height = 16};
  bundle.temperature = 0.7;
  return bundle;
}

void expect_same_answers(const HeadSpec& spec) {
  const Bundle whole = network(spec);
  const Graph trunk = backbone(whole.graph);
  const std::vector<float> pictures = random_input(whole.graph, 4, 5);
  std::vector<float> expected(4 * whole.labels.size()), features(4 * 70), answered(whole.labels.size());
  Predictor(whole, 1).probabilities(pictures, 4, expected);
  Plan(trunk, whole.weights, {.threads = 1}).run(pictures, 4, features);
  const Head head = head_of(whole);
  for (std::size_t image = 0; image < 4; ++image) {
    answer(head, std::span(features).subspan(image * 70, 70), answered);
    for (std::size_t i = 0; i < answered.size(); ++i) {
      EXPECT_NEAR(answered[i], expected[image * answered.size() + i], 1e-5) << image << " " << i;
    }
  }
}

TEST(HeadAnswers, OfALinearHeadAreTheWholeNetworks) {
  expect_same_answers({.labels = 15});
}

TEST(HeadAnswers, OfAHiddenLayerAreTheWholeNetworks) {
  expect_same_answers({.labels = 5, .hidden = 33, .dropout = 0.2});
}

TEST(HeadAnswers, OfTheRootAreTheWholeNetworks) {
  expect_same_answers({.labels = 15, .root = true});
  expect_same_answers({.labels = 2, .hidden = 8, .root = true});
}

}  // namespace
}  // namespace graft
