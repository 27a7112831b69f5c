#include "graph/surgery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/builder.h"

namespace graft {
namespace {

Graph two_blocks() {
  GraphBuilder builder("two", Input{3, 8, 8});
  builder.begin_block("one");
  NodeId x = builder.add("a", Conv2d{.out_channels = 4, .kernel = square(3)}, {0});
  const NodeId aside = builder.add("aside", Conv2d{.out_channels = 2, .kernel = square(1)}, {x});
  builder.begin_block("two");
  x = builder.add("b", Conv2d{.out_channels = 6, .kernel = square(3)}, {x});
  builder.begin_block("head");
  x = builder.features("pool", x);
  x = builder.add("dropout", Dropout{0.5}, {x});
  return builder.finish(builder.add("fc", Linear{10}, {x}), aside);
}

std::vector<std::string> names(const Graph& graph) {
  std::vector<std::string> out;
  for (const Node& node : graph.nodes) out.push_back(node.name);
  return out;
}

TEST(Surgery, CutsAtANodeAndKeepsOnlyWhatItNeeds) {
  const Graph cut = cut_at(two_blocks(), "b");
  EXPECT_THAT(names(cut), testing::ElementsAre("input", "a", "b"));
  EXPECT_EQ(cut.nodes[static_cast<std::size_t>(cut.output)].name, "b");
  EXPECT_FALSE(cut.auxiliary_output.has_value());
  validate(cut);
}

TEST(Surgery, AnUnknownNodeIsAnErrorThatNamesOthers) {
  try {
    cut_at(two_blocks(), "c");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::not_found);
    EXPECT_THAT(error.what(), testing::HasSubstr("two has no node c"));
  }
}

TEST(Surgery, TheBackboneEndsAtTheFeatures) {
  const Graph trunk = backbone(two_blocks());
  EXPECT_EQ(trunk.output, trunk.features);
  EXPECT_EQ(infer_shapes(trunk).back(), (Shape{1, 6}));
  EXPECT_EQ(feature_length(trunk), 6);
}

TEST(Surgery, ReplacesTheHeadOfANetworkAndOfABackbone) {
  const Graph linear = replace_head(two_blocks(), {.labels = 3});
  EXPECT_EQ(linear.nodes.back().name, "head.output");
  EXPECT_EQ(infer_shapes(linear).back(), (Shape{1, 3}));
  const Graph hidden = replace_head(backbone(two_blocks()), {.labels = 3, .hidden = 16, .dropout = 0.2});
  EXPECT_EQ(infer_shapes(hidden).back(), (Shape{1, 3}));
  EXPECT_TRUE(find_node(hidden, "head.hidden").has_value());
  EXPECT_FALSE(find_node(hidden, "fc").has_value());
  EXPECT_EQ(hidden.features, linear.features);
}

TEST(Surgery, TheHeadAloneTakesFeatures) {
  const Graph head = head_only(replace_head(two_blocks(), {.labels = 3, .hidden = 16}));
  validate(head);
  EXPECT_EQ(infer_shapes(head).front(), (Shape{1, 6, 1, 1}));
  EXPECT_EQ(infer_shapes(head).back(), (Shape{1, 3}));
}

TEST(Surgery, FreezesUpToABlockOrANode) {
  const Graph graph = two_blocks();
  EXPECT_THAT(blocks(graph), testing::ElementsAre("one", "two", "head"));
  EXPECT_EQ(freeze_up_to(graph, "one"), (std::vector<bool>{true, true, true, false, false, false, false, false}));
  EXPECT_EQ(freeze_up_to(graph, "b"), (std::vector<bool>{true, true, true, true, false, false, false, false}));
  EXPECT_EQ(freeze_up_to(graph, ""), std::vector<bool>(8, false));
  EXPECT_THROW(freeze_up_to(graph, "layer9"), Error);
}

}  // namespace
}  // namespace graft
