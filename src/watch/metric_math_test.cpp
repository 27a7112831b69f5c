#include "watch/metric_math.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace graft::metrics_api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const Series kA{{0, 1}, {60, 2}, {120, 6}}, kB{{60, 4}, {120, 0}, {180, 8}};

MathScope scope() {
  return {.series = [](const std::string& id) -> const Series& {
            if (id == "a") return kA;
            if (id == "b") return kB;
            fail(Kind::invalid, "there is no ", id);
          },
          .metrics =
              [] {
                return std::vector<const Series*>{&kA, &kB};
              }};
}

Series value(std::string_view expression) {
  return evaluate(expression, scope());
}

std::string refusal(std::string_view expression) {
  try {
    evaluate(expression, scope());
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(MetricMath, ComputesWithNumbersAndSeries) {
  EXPECT_THAT(value("a*100"), ElementsAre(Pair(0, 100), Pair(60, 200), Pair(120, 600)));
  EXPECT_THAT(value("1 + a * 2 - 4 / 2"), ElementsAre(Pair(0, 1), Pair(60, 3), Pair(120, 11)));
  EXPECT_THAT(value("-(a - 1e1)/3"), ElementsAre(Pair(0, 3), Pair(60, 8 / 3.0), Pair(120, 4 / 3.0)));
  EXPECT_THAT(value("10 - a - 1"), ElementsAre(Pair(0, 8), Pair(60, 7), Pair(120, 3)));
}

TEST(MetricMath, TakesThePointsThatBothHave) {
  EXPECT_THAT(value("a + b"), ElementsAre(Pair(60, 6), Pair(120, 6)));
  EXPECT_THAT(value("a / b"), ElementsAre(Pair(60, 0.5)));  // nothing where it would divide by zero
}

TEST(MetricMath, ReducesOneSeriesToANumberAndSeveralToASeries) {
  EXPECT_THAT(value("a / SUM(a)"), ElementsAre(Pair(0, 1 / 9.0), Pair(60, 2 / 9.0), Pair(120, 6 / 9.0)));
  EXPECT_THAT(value("SUM([a, b])"), ElementsAre(Pair(0, 1), Pair(60, 6), Pair(120, 6), Pair(180, 8)));
  EXPECT_THAT(value("AVG( METRICS( ) )"), ElementsAre(Pair(0, 1), Pair(60, 3), Pair(120, 3), Pair(180, 8)));
  EXPECT_THAT(value("MIN([a,b]) + MAX(b)"), ElementsAre(Pair(0, 9), Pair(60, 10), Pair(120, 8), Pair(180, 16)));
}

TEST(MetricMath, NamesWhatItDoesNotHave) {
  EXPECT_THAT(refusal("RATE(a)"), HasSubstr("The function RATE is not built"));
  EXPECT_THAT(refusal("a + c"), HasSubstr("there is no c"));
  EXPECT_THAT(refusal("SUM(a)"), HasSubstr("gives a number"));
  EXPECT_THAT(refusal("SUM(1)"), HasSubstr("take time series"));
  EXPECT_THAT(refusal("METRICS()"), HasSubstr("METRICS() stands in"));
  EXPECT_THAT(refusal("a +"), HasSubstr("ends too early"));
  EXPECT_THAT(refusal("a b"), HasSubstr("not understood at \"b\""));
  EXPECT_THAT(refusal("a > 1"), HasSubstr("not understood at \"> 1\""));
  EXPECT_THAT(refusal(""), HasSubstr("ends too early"));
  EXPECT_THAT(refusal(std::string(100, '(')), HasSubstr("nested deeper"));
  EXPECT_THAT(refusal(std::string(3000, 'a')), HasSubstr("at most 2048"));
}

}  // namespace
}  // namespace graft::metrics_api
