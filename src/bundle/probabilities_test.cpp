#include "bundle/probabilities.h"

#include <gmock/gmock.h>

#include <cmath>

namespace graft {
namespace {

TEST(Probabilities, ATemperatureOfTwoHalvesTheLogits) {
  const std::vector<float> logits = {2, 0, 2 * std::log(3.0F)};
  const double sum = std::exp(1) + 1 + 3;
  EXPECT_THAT(probabilities(logits, 2),
              testing::Pointwise(testing::DoubleNear(1e-6), std::vector<double>{std::exp(1) / sum, 1 / sum, 3 / sum}));
}

TEST(Probabilities, HugeLogitsDoNotOverflow) {
  const std::vector<float> logits = {3e38F, -3e38F, 3e38F};
  EXPECT_THAT(probabilities(logits, 0.5), testing::ElementsAre(0.5, 0, 0.5));
}

}  // namespace
}  // namespace graft
