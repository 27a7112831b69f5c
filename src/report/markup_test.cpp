#include "report/markup.h"

#include <gtest/gtest.h>

#include <limits>

#include "report/svg.h"

namespace graft {
namespace {

TEST(Markup, EscapesTextAndKeepsMarkup) {
  EXPECT_EQ(markup("<b>{}</b>{}", "a<b & 'c' \"d\"", Markup{"<i>"}).text,
            "<b>a&lt;b &amp; &#39;c&#39; &quot;d&quot;</b><i>");
}

TEST(Markup, WritesNumbersForPeople) {
  EXPECT_EQ(percent(0.9344), "93.4\u00a0%");
  EXPECT_EQ(percent(std::numeric_limits<double>::quiet_NaN()), "–");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(duration(0.042), "0.04\u00a0s");
  EXPECT_EQ(duration(9.96), "10\u00a0s");
  EXPECT_EQ(duration(200), "3\u00a0min\u00a020\u00a0s");
  EXPECT_EQ(duration(7500), "2\u00a0h\u00a005\u00a0min");
}

TEST(Axis, EndsAtRoundNumbersThatHoldEveryValue) {
  EXPECT_EQ(axis_over({0.13, 2.2}, 5, false).ticks, (std::vector<double>{0, 0.5, 1, 1.5, 2, 2.5}));
  const Axis shares = axis_over({0.72, 0.991}, 5, true);
  EXPECT_DOUBLE_EQ(shares.low(), 0.7);
  EXPECT_DOUBLE_EQ(shares.high(), 1);
}

TEST(Axis, HasARangeWhateverTheValues) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& values : {std::vector<double>{}, {nan}, {1}, {0, 0}, {1e-12, 1e12}, {-3, -3}}) {
    for (const bool share : {false, true}) {
      const Axis axis = axis_over(values, 5, share);
      EXPECT_GE(axis.ticks.size(), 2u);
      EXPECT_LT(axis.ticks.size(), 20u);
      EXPECT_LT(axis.low(), axis.high());
    }
  }
}

}  // namespace
}  // namespace graft
