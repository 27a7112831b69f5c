#include "report/scaling.h"

#include <gtest/gtest.h>

#include <numeric>

#include "graph/builder.h"

namespace graft {
namespace {

constexpr Interconnect kNetwork{.bandwidth = 1e9, .local_bandwidth = 4e9, .latency = 1e-5, .ranks_per_host = 4};

double total_bytes(const std::vector<LayerLoad>& layers) {
  return std::accumulate(layers.begin(), layers.end(), 0.0, [](double sum, const auto& x) { return sum + x.bytes; });
}

double total_work(const std::vector<LayerLoad>& layers) {
  return std::accumulate(layers.begin(), layers.end(), 0.0, [](double sum, const auto& x) { return sum + x.work; });
}

// torchvision's count of parameters, and the usual count of multiplications.
TEST(ScalingModel, VGG16HasThePublishedSize) {
  EXPECT_EQ(total_bytes(vgg16_loads()), 4.0 * 138'357'544);
  EXPECT_NEAR(total_work(vgg16_loads()), 15.5e9, 0.05e9);
}

TEST(ScalingModel, ARingMovesTwiceTheBytesAndPaysEveryStep) {
  EXPECT_DOUBLE_EQ(all_reduce_seconds(1e8, 8, kNetwork, false), 2 * 7.0 / 8 * 0.1 + 14e-5);
  EXPECT_DOUBLE_EQ(all_reduce_seconds(1e8, 4, kNetwork, false), 2 * 3.0 / 4 * 0.025 + 6e-5);
  EXPECT_EQ(all_reduce_seconds(1e8, 1, kNetwork, false), 0);
}

TEST(ScalingModel, ATreeIsFasterForManyRanksAndFewBytes) {
  EXPECT_DOUBLE_EQ(all_reduce_seconds(1e4, 512, kNetwork, true), 2e-5 + 18e-5);
  EXPECT_DOUBLE_EQ(all_reduce_seconds(1e9, 8, kNetwork, true), all_reduce_seconds(1e9, 8, kNetwork, false));
}

// Two layers of equal work, one bucket each; the backward pass takes 0.2 s. The last layer's sum begins at 0.1 s.
TEST(ScalingModel, OnlyWhatTheBackwardPassDoesNotHideIsExposed) {
  const StepModel step{.seconds = 0.3, .bucket_bytes = 1, .trees = false};
  const Interconnect network{.bandwidth = 1e9, .local_bandwidth = 1e9, .latency = 0};
  const auto exposed = [&](double first, double last) {
    return exposed_seconds({{first, 1}, {last, 1}}, 2, step, network);
  };
  EXPECT_NEAR(exposed(0, 5e7), 0, 1e-12);       // 0.1 .. 0.15
  EXPECT_NEAR(exposed(0, 3e8), 0.2, 1e-12);     // 0.1 .. 0.4
  EXPECT_NEAR(exposed(5e7, 5e7), 0.05, 1e-12);  // 0.2 .. 0.25
  EXPECT_NEAR(exposed(5e7, 2e8), 0.15, 1e-12);  // waits until 0.3 .. 0.35
  EXPECT_NEAR(efficiency({{5e7, 1}, {2e8, 1}}, 2, step, network), 0.3 / 0.45, 1e-12);
}

TEST(ScalingModel, ALargeBucketWaitsForItsLastLayer) {
  StepModel step{.seconds = 0.3, .bucket_bytes = 1e9, .trees = false};
  const Interconnect network{.bandwidth = 1e9, .local_bandwidth = 1e9, .latency = 0};
  const std::vector<LayerLoad> layers{{5e7, 1}, {5e7, 1}};
  EXPECT_NEAR(exposed_seconds(layers, 2, step, network), 0.1, 1e-12);  // both together from 0.2 on
  step.bucket_bytes = 5e7;
  EXPECT_NEAR(exposed_seconds(layers, 2, step, network), 0.05, 1e-12);
}

// Three layers whose gradients are ready at 0.1, 0.2 and 0.3 s. The first travels alone until 0.35 s; then the others
// are ready, and travel together if both fit into a bucket.
TEST(ScalingModel, FusingSendsWhatIsReadyWhenTheLineIsFree) {
  StepModel step{.seconds = 0.45, .bucket_bytes = 2e8, .fuse_ready = true, .trees = false};
  const Interconnect network{.bandwidth = 1e9, .local_bandwidth = 1e9, .latency = 5e-3};
  const std::vector<LayerLoad> layers{{9e7, 1}, {9e7, 1}, {2.4e8, 1}};
  EXPECT_NEAR(exposed_seconds(layers, 2, step, network), 0.05 + 0.19, 1e-12);
  step.bucket_bytes = 1e8;
  EXPECT_NEAR(exposed_seconds(layers, 2, step, network), 0.05 + 2 * 0.10, 1e-12);
}

TEST(ScalingModel, OneRankIsAllOfOneRank) {
  EXPECT_EQ(efficiency(vgg16_loads(), 1, {.seconds = 1, .bucket_bytes = 4e6, .deviation = 0.1}, kNetwork), 1);
}

TEST(ScalingModel, LatencyCountsOncePerBucket) {
  const Interconnect network{.bandwidth = 1e18, .local_bandwidth = 1e18, .latency = 1e-3};
  const StepModel step{.seconds = 1e-6, .bucket_bytes = 1e6, .trees = false};
  EXPECT_NEAR(exposed_seconds(even_loads(1e7), 3, step, network), 10 * 4e-3, 1e-5);
}

// Tabulated means of the largest of n normals: 0.5642 for 2, 1.1630 for 5, 2.5076 for 100 (Harter, 1961).
TEST(ScalingModel, TheSlowestOfManyIsWaitedFor) {
  EXPECT_EQ(expected_maximum(1), 0);
  EXPECT_NEAR(expected_maximum(2), 0.5642, 1e-4);
  EXPECT_NEAR(expected_maximum(5), 1.1630, 1e-4);
  EXPECT_NEAR(expected_maximum(100), 2.5076, 1e-4);
  const StepModel step{.seconds = 1, .bucket_bytes = 1, .deviation = 0.1};
  EXPECT_NEAR(efficiency({}, 2, step, kNetwork), 1 / 1.05642, 1e-5);
}

TEST(ScalingModel, LoadsOfAGraphAreItsCost) {
  GraphBuilder builder("small", {3, 8, 8});
  builder.begin_block("stem");
  NodeId x = builder.add("conv", Conv2d{.out_channels = 4, .kernel = square(3), .padding = pad(1)}, {builder.input()});
  x = builder.add("bn", BatchNorm{}, {x});
  x = builder.add("fc", Linear{.out_features = 2}, {builder.features("pool", builder.relu("relu", x))});
  const Graph graph = builder.finish(x);
  const std::vector<LayerLoad> layers = layer_loads(graph);
  ASSERT_EQ(layers.size(), 3U);
  EXPECT_EQ(layers[0].work, 3 * 9 * 4 * 64);
  EXPECT_EQ(layers[2].bytes, 4 * 10);
  EXPECT_EQ(total_bytes(layers), 4.0 * static_cast<double>(cost(graph).parameters));
  EXPECT_EQ(total_work(layers), static_cast<double>(cost(graph).multiply_adds));
}

}  // namespace
}  // namespace graft
