#include "infer/precision_passes.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/error.h"
#include "graph/builder.h"
#include "infer/naive.h"
#include "infer/passes.h"

namespace graft {
namespace {

// input -> stem -> a -> pool ---> joined -> last -> mean -> fc
//                   \-> b -----/
class PrecisionPasses : public testing::Test {
 protected:
  NodeId conv(const std::string& name, NodeId x) {
    return tiny_.relu(name + ".relu", tiny_.add(name, Conv2d{.out_channels = 4, .kernel = {1, 1}}, {x}));
  }
  Program program() {
    const NodeId a = conv("a", conv("stem", 0));
    const NodeId pool = tiny_.add("pool", MaxPool{.kernel = {1, 1}}, {a});
    const NodeId joined = tiny_.add("joined", Concat{}, {pool, conv("b", a)});
    const NodeId mean = tiny_.features("mean", conv("last", joined));
    const Graph graph = tiny_.finish(tiny_.add("fc", Linear{.out_features = 3}, {mean}));
    Program out = lower(graph, random_weights(graph, 1));
    optimize(out);
    return out;
  }
  static const Layer& layer(const Program& program, const std::string& name) {
    for (const Layer& each : program.layers) {
      if (each.name == name) return each;
    }
    fail(Kind::not_found, name);
  }

  GraphBuilder tiny_{"tiny", Input{4, 5, 6}};
  const ActivationRanges ranges_{{"stem", {0, 1}},   {"a", {0, 2}},    {"pool", {0, 2}}, {"b", {0, 5}},
                                 {"joined", {0, 5}}, {"last", {0, 1}}, {"mean", {0, 1}}, {"fc", {-1, 1}}};
};

TEST_F(PrecisionPasses, PicturesFeaturesAndOutputsAreFloats) {
  Program bf16 = program();
  set_precision(bf16, Precision::bf16);
  EXPECT_EQ(bf16.layers[0].output, Precision::fp32);
  EXPECT_EQ(layer(bf16, "a").precision, Precision::bf16);
  EXPECT_EQ(layer(bf16, "a").output, Precision::bf16);
  EXPECT_EQ(layer(bf16, "last").precision, Precision::bf16);
  EXPECT_EQ(layer(bf16, "last").output, Precision::fp32) << "which spares the mean a conversion";
  EXPECT_EQ(layer(bf16, "mean").precision, Precision::fp32);
  EXPECT_EQ(layer(bf16, "fc").output, Precision::fp32);
}

TEST_F(PrecisionPasses, TheFirstAndTheLastLayerAreNotQuantised) {
  Program int8 = program();
  quantise(int8, Precision::bf16, ranges_);
  EXPECT_EQ(layer(int8, "stem").precision, Precision::bf16);
  EXPECT_EQ(layer(int8, "a").precision, Precision::int8);
  EXPECT_EQ(layer(int8, "pool").precision, Precision::int8);
  EXPECT_EQ(layer(int8, "last").precision, Precision::int8);
  EXPECT_EQ(layer(int8, "last").output, Precision::fp32);
  EXPECT_EQ(layer(int8, "fc").precision, Precision::bf16);
}

TEST_F(PrecisionPasses, WhatIsJoinedSharesAScale) {
  Program int8 = program();
  quantise(int8, Precision::fp32, ranges_);
  EXPECT_FLOAT_EQ(layer(int8, "stem").quantisation.scale, 1.0F / 255);
  for (const char* name : {"a", "pool", "b", "joined"}) {
    EXPECT_FLOAT_EQ(layer(int8, name).quantisation.scale, 5.0F / 255) << name;
  }
  EXPECT_FALSE(layer(int8, "a").quantisation.is_signed);
}

TEST_F(PrecisionPasses, NegativeValuesTakeTheSign) {
  ActivationRanges ranges = ranges_;
  ranges["stem"] = {-3, 3};
  Program int8 = program();
  quantise(int8, Precision::fp32, ranges);
  EXPECT_TRUE(layer(int8, "stem").quantisation.is_signed);
  EXPECT_FLOAT_EQ(layer(int8, "stem").quantisation.scale, 3.0F / 127);
}

TEST_F(PrecisionPasses, EveryChannelOfTheWeightsHasAScale) {
  Program int8 = program();
  quantise(int8, Precision::fp32, ranges_);
  const Layer& a = layer(int8, "a");
  ASSERT_EQ(a.weight_scales.size(), 4u);
  for (std::size_t i = 0; i < a.weight.size(); ++i) {
    const float steps = a.weight[i] / a.weight_scales[i / 4];
    EXPECT_NEAR(steps, std::nearbyint(steps), 1e-3);
    EXPECT_LE(std::abs(steps), 127.001F);
  }
  EXPECT_TRUE(layer(int8, "stem").weight_scales.empty());
}

TEST_F(PrecisionPasses, AMissingRangeIsNamed) {
  ActivationRanges ranges = ranges_;
  ranges.erase("b");
  Program int8 = program();
  try {
    quantise(int8, Precision::fp32, ranges);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("b: "));
  }
}

}  // namespace
}  // namespace graft
