#include "runner/metric_patterns.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

std::vector<double> found(const std::string& pattern, const std::string& line) {
  std::vector<double> values;
  MetricPatterns({{"m", pattern}}).apply(line, [&](const std::string&, double value) { values.push_back(value); });
  return values;
}

TEST(MetricPatterns, TheFirstGroupIsTheNumber) {
  EXPECT_THAT(found("Train_error=(.*?);", "Train_error=0.138318;  Valid_error = 0.324557;"), ElementsAre(0.138318));
  EXPECT_THAT(found(R"(Epoch\S+ Validation-accuracy=(\S+))", "Epoch[0] Validation-accuracy=0.77"), ElementsAre(0.77));
  EXPECT_THAT(found("(?P<name>[-+0-9.e]+) (x)(y)", "loss +1e-3 xy"), ElementsAre(0.001));
}

TEST(MetricPatterns, ALineWithoutANumberTellsNothing) {
  EXPECT_THAT(found("a=(.*)", "b=1"), IsEmpty());
  EXPECT_THAT(found("a=(.*)", "a=none"), IsEmpty());
  EXPECT_THAT(found("a(=.*)?", "a"), IsEmpty());
}

TEST(MetricPatterns, APatternThatWouldTakeForeverIsLeftOut) {
  EXPECT_THAT(found("^(a+)+$", std::string(5000, 'a') + "b"), IsEmpty());
  EXPECT_THAT(found("(x+x+)+y", std::string(100'000, 'x')), IsEmpty());
}

TEST(MetricPatterns, WhatIsNoneIsRefused) {
  const auto refused = [](const std::string& pattern, const char* words) {
    EXPECT_THAT([&] { MetricPatterns({{"m", pattern}}); }, ThrowsMessage<Error>(HasSubstr(words)));
  };
  refused("a(", "missing closing parenthesis");
  refused("a=.*", "has no group");
  refused(std::string(501, 'a'), "longer than 500");
}

}  // namespace
}  // namespace graft
