#include "hosting/smooth_choice.h"

#include <gtest/gtest.h>

#include <string>

namespace graft {
namespace {

std::string order(std::vector<double> weights, int count) {
  SmoothChoice choice(std::move(weights));
  std::string order;
  for (int i = 0; i < count; ++i) {
    const auto next = choice.next();
    order += next ? static_cast<char>('a' + *next) : '-';
  }
  return order;
}

TEST(SmoothChoice, GoesByWeightWithoutBursts) {
  EXPECT_EQ(order({3, 1}, 8), "aabaaaba");
  EXPECT_EQ(order({1, 1, 1}, 6), "abcabc");
  EXPECT_EQ(order({0.5, 0, 0.5}, 4), "acac");
}

TEST(SmoothChoice, ChoosesNothingOfNothing) {
  EXPECT_EQ(order({0, 0}, 2), "--");
  EXPECT_EQ(order({}, 1), "-");
}

}  // namespace
}  // namespace graft
