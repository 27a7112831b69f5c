#include "infer/rounding.h"

#include <gmock/gmock.h>

#include <numeric>

#include "base/random.h"
#include "graph/builder.h"
#include "infer/naive.h"
#include "infer/passes.h"
#include "infer/precision_passes.h"

namespace graft {
namespace {

TEST(Rounding, NeighboursOfBf16Enclose) {
  const auto [below, above] = bf16_neighbours(1.001F);
  EXPECT_EQ(below, 1.0F);
  EXPECT_EQ(above, 1.0078125F);
  EXPECT_EQ(bf16_neighbours(-1.001F).below, -1.0078125F);
  EXPECT_EQ(bf16_neighbours(-1.001F).above, -1.0F);
  EXPECT_EQ(bf16_neighbours(0.5F).below, bf16_neighbours(0.5F).above);
}

TEST(Rounding, TheSumOfTheTapsIsKept) {
  std::vector<float> taps(9, 1.003F);  // each alone would fall to 1
  const std::vector<Neighbours> neighbours(9, bf16_neighbours(1.003F));
  round_together(taps, neighbours);
  EXPECT_NEAR(std::accumulate(taps.begin(), taps.end(), 0.0), 9 * 1.003, 0.5 * 0.0078125);
  EXPECT_THAT(taps, testing::Each(testing::AnyOf(1.0F, 1.0078125F)));
}

TEST(Rounding, TapsThatCanBeStoredStayAsTheyAre) {
  std::vector<float> taps{0.5F, -2, 0, 1.5F};
  const std::vector<float> before = taps;
  std::vector<Neighbours> neighbours;
  for (const float tap : taps) neighbours.push_back(bf16_neighbours(tap));
  round_together(taps, neighbours);
  EXPECT_EQ(taps, before);
}

// A network whose batch norms say the truth about what comes through them.
struct Expectations : testing::Test {
  Program lowered() {
    TinyGraph tiny({4, 5, 6});
    NodeId x = tiny.add("stem", Conv2d{.out_channels = 6, .kernel = {1, 1}}, {0});
    x = tiny.relu("stem.relu", tiny.add("stem.bn", BatchNorm{}, {x}));
    x = tiny.add("conv", Conv2d{.out_channels = 6, .kernel = {3, 3}, .groups = 6}, {x});
    const Graph graph = tiny.finish(tiny.add("bn", BatchNorm{}, {x}));
    Program program = lower(graph, random_weights(graph, 1));
    optimize(program);
    return program;
  }
};

TEST_F(Expectations, GoThroughWhatIsFused) {
  const Program program = lowered();
  ASSERT_EQ(program.layers.size(), 3u);
  EXPECT_TRUE(program.layers[0].expected.mean.empty());
  EXPECT_THAT(program.layers[1].expected.mean, testing::AllOf(testing::SizeIs(6), testing::Each(testing::Ge(0.0F))));
  EXPECT_THAT(program.layers[2].expected.variance, testing::SizeIs(6));
}

TEST_F(Expectations, TheBiasTakesTheShiftThatRoundingLeaves) {
  const Program exact = lowered();
  Program program = exact;
  set_precision(program, Precision::bf16);
  const Layer &before = exact.layers[2], &after = program.layers[2];
  if (after.precision == Precision::fp32) GTEST_SKIP() << "this layer is kept exact";
  for (std::size_t channel = 0; channel < 6; ++channel) {
    double shift = static_cast<double>(after.bias[channel]) - before.bias[channel];
    for (std::size_t tap = 0; tap < 9; ++tap) {
      const double change = static_cast<double>(after.weight[channel * 9 + tap]) - before.weight[channel * 9 + tap];
      shift += change * exact.layers[1].expected.mean[channel];
    }
    EXPECT_NEAR(shift, 0, 1e-6) << "channel " << channel;
  }
}

}  // namespace
}  // namespace graft
