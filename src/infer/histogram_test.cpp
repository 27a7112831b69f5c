#include "infer/histogram.h"

#include <gtest/gtest.h>

#include <vector>
namespace graft {
namespace {

std::vector<float> uniform_values(std::size_t count, float low, float high) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(low + (high - low) * static_cast<float>(i) / static_cast<float>(count - 1));
  }
  return values;
}

TEST(Histogram, EvenlySpreadValuesAreAllKept) {
  Histogram histogram;
  histogram.add(uniform_values(10000, 0, 3));
  EXPECT_EQ(histogram.best_range(), (ActivationRange{0, 3}));
}

TEST(Histogram, NegativeValuesMakeTheRangeSymmetric) {
  Histogram histogram;
  histogram.add(uniform_values(10000, -1, 4));
  const ActivationRange range = histogram.best_range();
  EXPECT_EQ(range.low, -range.high);
  EXPECT_NEAR(range.high, 4, 0.5);
}

TEST(Histogram, AFewLargeValuesAreCutOff) {
  Histogram histogram;
  histogram.add(uniform_values(1000000, 0, 1));
  histogram.add(std::vector<float>{20});
  EXPECT_LT(histogram.best_range().high, 10);
}

TEST(Histogram, TheOrderOfValuesDoesNotMatter) {
  Histogram rising, falling;
  rising.add(uniform_values(1000, 0, 1));
  rising.add(uniform_values(1000, 0, 64));
  falling.add(uniform_values(1000, 0, 64));
  falling.add(uniform_values(1000, 0, 1));
  EXPECT_EQ(rising.best_range(), falling.best_range());
}

TEST(Histogram, ZerosAloneGiveAnEmptyRange) {
  Histogram histogram;
  histogram.add(std::vector<float>(100, 0));
  EXPECT_EQ(histogram.best_range(), ActivationRange{});
}

}  // namespace
}  // namespace graft
