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

TEST(Precision, PassesWithOneOtherAnswerIn200AndHalfAPointLess) {
  EXPECT_TRUE(passes({Precision::int8, 200, 199.0 / 200, 0.945, 0.95}));
  EXPECT_FALSE(passes({Precision::int8, 200, 198.0 / 200, 0.95, 0.95}));
  EXPECT_FALSE(passes({Precision::int8, 1000, 0.996, 0.944, 0.95}));
  EXPECT_TRUE(passes({Precision::int8, 1000, 0.996, 0.96, 0.95}));
  EXPECT_FALSE(passes({Precision::int8, 153, 152.0 / 153, 0.95, 0.95}));
  EXPECT_FALSE(passes({Precision::int8, 0, 1, 1, 1}));
}

TEST(Precision, FindsTheCheckOfAPrecision) {
  const std::vector<PrecisionCheck> checks{{Precision::bf16, 10, 1, 1, 1}};
  EXPECT_EQ(find_check(checks, Precision::bf16), &checks[0]);
  EXPECT_EQ(find_check(checks, Precision::int8), nullptr);
}

}  // namespace
}  // namespace graft
