#include "bundle/precision.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace graft {
namespace {

TEST(Precision, IsNamed) {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    EXPECT_EQ(precision_from_name(name_of(precision)), precision);
  }
  EXPECT_THROW(precision_from_name("fp16"), Error);
}

// Of `images`, `changed` get another label than from fp32, and `lost` fewer are right.
bool passes_with(int images, int changed, int lost) {
  const double n = images;
  return passes({Precision::int8, images, (n - changed) / n, (0.9 * n - lost) / n, 0.9});
}

TEST(Precision, PassesWithOneOtherAnswerIn200AndHalfAPointLess) {
  EXPECT_TRUE(passes_with(200, 1, 1));
  EXPECT_FALSE(passes_with(200, 2, 0));
  EXPECT_TRUE(passes_with(1000, 5, 5));
  EXPECT_FALSE(passes_with(1000, 6, 0));
  EXPECT_FALSE(passes_with(1000, 5, 6));
  EXPECT_TRUE(passes_with(1000, 5, -6));
}

TEST(Precision, MayChangeOneOfAHundredImagesButNoneOfAFew) {
  EXPECT_TRUE(passes_with(153, 1, 1));
  EXPECT_FALSE(passes_with(153, 2, 1));
  EXPECT_TRUE(passes_with(50, 1, 1));
  EXPECT_FALSE(passes_with(49, 1, 0));
  EXPECT_TRUE(passes_with(2, 0, 0));
  EXPECT_FALSE(passes({Precision::int8, 0, 1, 1, 1}));
}

TEST(Precision, HasAChanceWithTwiceAsManyOtherAnswersAndOne) {
  const auto chance = [](int images, int changed) {
    return has_a_chance({Precision::int8, images, 1 - static_cast<double>(changed) / images, 0.5, 0.9});
  };
  EXPECT_TRUE(chance(1000, 11));
  EXPECT_FALSE(chance(1000, 12));
  EXPECT_TRUE(chance(20, 1));
  EXPECT_FALSE(chance(20, 2));
}

TEST(Precision, FindsTheCheckOfAPrecision) {
  const std::vector<PrecisionCheck> checks{{Precision::bf16, 10, 1, 1, 1}};
  EXPECT_EQ(find_check(checks, Precision::bf16), &checks[0]);
  EXPECT_EQ(find_check(checks, Precision::int8), nullptr);
}

}  // namespace
}  // namespace graft
