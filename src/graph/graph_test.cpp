#include "graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "graph/builder.h"

namespace graft {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Convolution, batch norm, ReLU with a residual sum, and a linear head on an 8 x 8 picture.
Graph small_graph() {
  GraphBuilder builder("small", Input{3, 8, 8});
  builder.begin_block("stem");
  NodeId x = builder.add("conv", Conv2d{.out_channels = 4, .kernel = square(3), .padding = pad(1)}, {0});
  x = builder.relu("relu", builder.add("bn", BatchNorm{}, {x}));
  builder.begin_block("body");
  const NodeId y =
      builder.add("body.conv", Conv2d{.out_channels = 4, .kernel = square(3), .padding = pad(1), .bias = true}, {x});
  x = builder.add("body.add", Add{}, {x, y});
  builder.begin_block("head");
  x = builder.features("pool", x);
  return builder.finish(builder.add("fc", Linear{5}, {x}));
}

TEST(Graph, InfersTheShapeOfEveryNode) {
  const Graph graph = small_graph();
  const auto shapes = infer_shapes(graph, Shape{2, 3, 9, 7});
  EXPECT_EQ(shapes[1], (Shape{2, 4, 9, 7}));
  EXPECT_EQ(shapes[static_cast<std::size_t>(graph.features)], (Shape{2, 4}));
  EXPECT_EQ(shapes.back(), (Shape{2, 5}));
}

TEST(Graph, NamesItsWeightsAfterItsNodes) {
  std::vector<std::string> names;
  for (const WeightSpec& spec : weight_specs(small_graph())) names.push_back(spec.name);
  EXPECT_THAT(names, testing::ElementsAre("conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var",
                                          "body.conv.weight", "body.conv.bias", "fc.weight", "fc.bias"));
}

TEST(Graph, CountsParametersAndMultiplications) {
  const Cost small = cost(small_graph());
  EXPECT_EQ(small.parameters, 3 * 4 * 9 + 8 + 4 * 4 * 9 + 4 + 4 * 5 + 5);
  EXPECT_EQ(small.multiply_adds, 64 * (3 * 4 * 9) + 64 * (4 * 4 * 9) + 4 * 5);
}

TEST(Graph, ErrorsNameTheNodeAndBothShapes) {
  GraphBuilder builder("bad", Input{3, 8, 8});
  const NodeId x = builder.add("left", Conv2d{.out_channels = 4, .kernel = square(1)}, {0});
  const NodeId y = builder.add("right", Conv2d{.out_channels = 5, .kernel = square(1)}, {0});
  const NodeId flat = builder.features("pool", builder.add("sum", Add{}, {x, y}));
  const Graph graph = builder.finish(flat);
  const std::string message = error_of([&] { infer_shapes(graph); });
  EXPECT_THAT(message, HasSubstr("sum"));
  EXPECT_THAT(message, HasSubstr("[1, 4, 8, 8]"));
  EXPECT_THAT(message, HasSubstr("[1, 5, 8, 8]"));
}

TEST(Graph, RefusesAWindowLargerThanThePicture) {
  const Graph graph = small_graph();
  GraphBuilder builder("bad", Input{3, 4, 4});
  const NodeId x = builder.add("pool", MaxPool{.kernel = square(5)}, {0});
  const Graph bad = builder.finish(builder.features("average", x));
  EXPECT_THAT(error_of([&] { infer_shapes(bad); }), HasSubstr("pool: a window of 5 x 5"));
}

TEST(Graph, IsTheSameAfterJson) {
  const Graph graph = small_graph();
  const Json json = Json::parse(to_json(graph).dump());
  EXPECT_EQ(graph_from_json(json, "graph.json"), graph);
}

TEST(Graph, JsonErrorsNameTheFileTheNodeAndTheField) {
  Json json = Json::parse(to_json(small_graph()).dump());
  Json unknown = json;
  unknown["nodes"][1]["op"] = "fold";
  EXPECT_THAT(error_of([&] { graph_from_json(unknown, "g.json"); }),
              HasSubstr("g.json: node conv: unknown operation \"fold\""));
  Json missing = json;
  missing["nodes"][1].erase("kernel");
  EXPECT_THAT(error_of([&] { graph_from_json(missing, "g.json"); }), HasSubstr("\"kernel\" is missing"));
  Json activation = json;
  activation["nodes"][3]["function"] = "tanh";
  EXPECT_THAT(error_of([&] { graph_from_json(activation, "g.json"); }), HasSubstr("tanh"));
  Json backwards = json;
  backwards["nodes"][1]["inputs"][0] = "fc";
  EXPECT_THAT(error_of([&] { graph_from_json(backwards, "g.json"); }),
              HasSubstr("no earlier node has the name \"fc\""));
}

TEST(Graph, ValidateRefusesWhatCannotBeComputed) {
  Graph repeated = small_graph();
  repeated.nodes[2].name = "conv";
  EXPECT_THAT(error_of([&] { validate(repeated); }), HasSubstr("two nodes have the name conv"));
  Graph grouped = small_graph();
  std::get<Conv2d>(grouped.nodes[1].operation).groups = 3;
  EXPECT_THAT(error_of([&] { validate(grouped); }), HasSubstr("out of range"));
  Graph unplugged = small_graph();
  unplugged.nodes[1].inputs.clear();
  EXPECT_THAT(error_of([&] { validate(unplugged); }), HasSubstr("conv: conv2d takes 1 inputs, not 0"));
}

}  // namespace
}  // namespace graft
