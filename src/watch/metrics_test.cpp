#include "watch/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "base/file.h"

namespace graft {
namespace {

using testing::ElementsAre;

const Metric kLoss{"space", "loss", {{"Job", "j"}}};

class MetricsTest : public testing::Test {
 protected:
  std::vector<Statistics> read(double begin = 0, double end = 1e9, int period = 60) {
    return metrics.statistics("a", kLoss, begin, end, period);
  }

  TemporaryFolder folder;
  Metrics metrics{folder.path() / "metrics"};
};

TEST_F(MetricsTest, ValuesOfAPeriodAreOneRow) {
  for (const auto& [time, value] : {std::pair(60.2, 3.0), {119.9, 1.0}, {120.0, 7.0}, {60.9, 2.0}}) {
    metrics.put("a", kLoss, time, value, "Percent");
  }
  const auto periods = read();
  ASSERT_EQ(periods.size(), 2U);
  EXPECT_EQ(periods[0].time, 60);
  EXPECT_EQ(periods[0].count, 3);
  EXPECT_EQ(periods[0].sum, 6);
  EXPECT_EQ(periods[0].average(), 2);
  EXPECT_EQ(periods[0].minimum, 1);
  EXPECT_EQ(periods[0].maximum, 3);
  EXPECT_EQ(periods[0].unit, "Percent");
  EXPECT_EQ(periods[1].time, 120);
  EXPECT_EQ(read(60, 120).size(), 1U);
  EXPECT_EQ(read(61, 120)[0].count, 1);
}

TEST_F(MetricsTest, WhatIsReadTwiceIsTheSameAndSurvivesTheObject) {
  metrics.put("a", kLoss, 60, 0.93);
  EXPECT_EQ(read()[0].sum, 0.93);
  metrics.put("a", kLoss, 60, 0.07);
  EXPECT_EQ(read()[0].sum, 1.0);
  const Metrics again(folder.path() / "metrics");
  EXPECT_EQ(again.statistics("a", kLoss, 0, 1e9, 60)[0].count, 2);
}

TEST_F(MetricsTest, PercentilesOfFewValuesAreExact) {
  for (int i = 100; i >= 1; --i) metrics.put("a", kLoss, 60 + i % 7, i);
  const Statistics period = read()[0];
  EXPECT_EQ(period.percentile(50), 50);
  EXPECT_EQ(period.percentile(99), 99);
  EXPECT_EQ(period.percentile(100), 100);
  EXPECT_EQ(period.percentile(0), 1);
}

TEST_F(MetricsTest, PercentilesOfManyValuesAreClose) {
  // 20,000 values in one second, 10 in the next: what was thinned out keeps its weight.
  for (int i = 1; i <= 20'000; ++i) metrics.put("a", kLoss, 60, (i * 7919) % 20'000);
  for (int i = 0; i < 10; ++i) metrics.put("a", kLoss, 61, 1e6);
  const Statistics period = read()[0];
  EXPECT_EQ(period.count, 20'010);
  EXPECT_NEAR(period.percentile(50), 10'000, 200);
  EXPECT_NEAR(period.percentile(99), 19'800, 150);
  EXPECT_EQ(period.percentile(99.99), 1e6);
  EXPECT_LE(period.samples.size(), 266U);
}

TEST_F(MetricsTest, StatisticsOfManyValuesCanBePut) {
  metrics.put("a", kLoss, {.time = 60, .count = 10, .sum = 50, .minimum = 1, .maximum = 9, .samples = {{5, 10}}});
  metrics.put("a", kLoss, 60, 20);
  const Statistics period = read()[0];
  EXPECT_EQ(period.count, 11);
  EXPECT_EQ(period.sum, 70);
  EXPECT_EQ(period.minimum, 1);
  EXPECT_EQ(period.maximum, 20);
  EXPECT_EQ(period.percentile(50), 5);
  EXPECT_EQ(period.percentile(95), 20);
}

TEST_F(MetricsTest, NumbersThatAreNoneAreDropped) {
  metrics.put("a", kLoss, 60, std::nan(""));
  metrics.put("a", kLoss, INFINITY, 1);
  metrics.put("a", kLoss, 1e300, 1);
  EXPECT_TRUE(read(-INFINITY, INFINITY).empty());
}

TEST_F(MetricsTest, OldSecondsBecomeMinutesAndThenNothing) {
  const double day = 86'400, now = 100 * day;
  for (int i = 0; i < 120; ++i) metrics.put("a", kLoss, now - day + i, i);
  metrics.put("a", kLoss, now - 60, 7);
  metrics.put("a", kLoss, now - 64 * day, 7);
  metrics.drop_old(now);
  EXPECT_EQ(read(0, now - 63 * day).size(), 0U);
  const auto minutes = read(now - day, now - day + 120, 1);
  ASSERT_EQ(minutes.size(), 2U);
  EXPECT_EQ(minutes[0].sum, 59 * 60 / 2);
  EXPECT_EQ(minutes[1].maximum, 119);
  EXPECT_EQ(read(now - 60, now, 1).size(), 1U);
}

TEST_F(MetricsTest, ListsByNamespaceNameAndDimensions) {
  metrics.put("a", {"s", "x", {{"Endpoint", "e"}, {"Variant", "v"}}}, 60, 1);
  metrics.put("a", {"s", "y", {{"Endpoint", "f"}}}, 60, 1);
  metrics.put("a", {"t", "x", {}}, 60, 1);
  metrics.put("b", {"s", "x", {}}, 60, 1);
  const auto names = [&](const Metric& like) {
    std::vector<std::string> found;
    for (const Metric& metric : metrics.list("a", like)) found.push_back(metric.space + metric.name);
    return found;
  };
  EXPECT_THAT(names({}), ElementsAre("sx", "sy", "tx"));
  EXPECT_THAT(names({.space = "s"}), ElementsAre("sx", "sy"));
  EXPECT_THAT(names({.name = "x"}), ElementsAre("sx", "tx"));
  EXPECT_THAT(names({.dimensions = {{"Endpoint", "e"}}}), ElementsAre("sx"));
  EXPECT_THAT(names({.dimensions = {{"Endpoint", ""}}}), ElementsAre("sx", "sy"));
  EXPECT_TRUE(metrics.statistics("b", {"s", "y", {{"Endpoint", "f"}}}, 0, 1e9, 60).empty());
}

TEST_F(MetricsTest, ManyThreadsMayPut) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) metrics.put("a", kLoss, 60 + i % 10, 1);
    });
  }
  while (metrics.statistics("a", kLoss, 0, 1e9, 60).empty()) std::this_thread::yield();
  threads.clear();
  EXPECT_EQ(read()[0].sum, 4000);
}

}  // namespace
}  // namespace graft
