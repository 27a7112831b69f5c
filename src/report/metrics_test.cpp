#include "report/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace graft {
namespace {

// Four images of three labels: right, right, wrong and sure, wrong and unsure.
Answers four() {
  return {3, {0, 1, 2, 0}, {5, 0, 0, 0, 2, 1, 9, 0, 0, 1, 1.5f, 1}};
}

TEST(Metrics, AccuracyCountsDecisions) {
  EXPECT_EQ(accuracy(four()), 0.5);
  EXPECT_EQ(top_k_accuracy(four(), 1), 0.5);
  EXPECT_EQ(top_k_accuracy(four(), 3), 1.0);
  EXPECT_THAT(rights(four()), testing::ElementsAre(true, true, false, false));
}

TEST(Metrics, LogLossIsTheMeanOfMinusLogProbability) {
  double expected = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    expected -= std::log(probabilities(four().of(i), 2)[static_cast<std::size_t>(four().truth[i])]) / 4;
  }
  EXPECT_NEAR(log_loss(four(), 2), expected, 1e-12);
}

// Wilson's interval of 8 out of 10, as published tables have it: 0.4902 to 0.9433.
TEST(Metrics, WilsonsIntervalIsAsPublished) {
  const Interval interval = wilson_interval(8, 10);
  EXPECT_NEAR(interval.low, 0.4902, 5e-5);
  EXPECT_NEAR(interval.high, 0.9433, 5e-5);
  EXPECT_EQ(wilson_interval(10, 10).high, 1);
  EXPECT_GT(wilson_interval(0, 10).high, 0.2);
}

TEST(Metrics, TheIntervalOverSeedsHoldsTheSpreadOfImagesAndSeeds) {
  std::vector<std::vector<bool>> alike(3, std::vector<bool>(200)), apart = alike;
  for (std::size_t i = 0; i < 200; ++i) {
    for (std::size_t seed = 0; seed < 3; ++seed) {
      alike[seed][i] = i % 10 != 0;
      apart[seed][i] = i % 10 >= seed * 2;
    }
  }
  const Interval narrow = accuracy_interval(alike), wide = accuracy_interval(apart);
  EXPECT_NEAR(narrow.value, 0.9, 1e-9);
  EXPECT_NEAR(narrow.high - narrow.low, 2 * 1.96 * std::sqrt(0.09 / 200), 0.02);
  EXPECT_GT(wide.high - wide.low, narrow.high - narrow.low);
}

TEST(Metrics, TheTemperatureUndoesOverconfidence) {
  Random random(Key{1});
  Answers answers{2, {}, {}};
  for (int i = 0; i < 4000; ++i) {
    const double logit = random.normal();
    const double p = 1 / (1 + std::exp(-logit));
    answers.truth.push_back(random.uniform() < p ? 1 : 0);
    answers.logits.insert(answers.logits.end(), {0, static_cast<float>(3 * logit)});
  }
  EXPECT_NEAR(fit_temperature(answers), 3, 0.3);
  EXPECT_LT(calibration(answers, 3).expected_error, calibration(answers, 1).expected_error);
}

TEST(Metrics, TheConfusionMatrixHoldsEveryImage) {
  const auto matrix = confusion_matrix(four());
  EXPECT_EQ(matrix[0], (std::vector<std::size_t>{1, 1, 0}));
  EXPECT_EQ(matrix[2], (std::vector<std::size_t>{1, 0, 0}));
  const auto labels = label_metrics(four(), {"a", "b", "c"});
  EXPECT_EQ(labels[0].recall, 0.5);
  EXPECT_EQ(labels[0].precision, 0.5);
  EXPECT_EQ(labels[2].recall, 0);
}

TEST(Metrics, TheMostConfidentMistakeComesFirst) {
  EXPECT_THAT(confident_mistakes(four(), 1, 10), testing::ElementsAre(2, 3));
  EXPECT_THAT(confident_mistakes(four(), 1, 1), testing::ElementsAre(2));
}

TEST(Metrics, SelectsAnswersOfImages) {
  const Answers answers = select(four(), {3, 1});
  EXPECT_THAT(answers.truth, testing::ElementsAre(four().truth[3], four().truth[1]));
  EXPECT_EQ(decision(answers.of(0)), decision(four().of(3)));
}

}  // namespace
}  // namespace graft
