#include "control/tuning_stopping.h"

#include "control/resource.h"
#include "control/tuning_testing.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct TuningStoppingTest : TuningTest {
  Json request = tuning_request();
  Json& config = request["HyperParameterTuningJobConfig"];

  // Starts `count` jobs at a time.
  void start(int count) {
    config["ResourceLimits"] = {{"MaxNumberOfTrainingJobs", count}, {"MaxParallelTrainingJobs", count}};
    call("CreateHyperParameterTuningJob", request);
    look();
  }
  void start_hyperband(int most, const char* epochs, int count) {
    config["Strategy"] = "Hyperband";
    config["StrategyConfig"]["HyperbandStrategyConfig"]["MaxResource"] = most;
    request["TrainingJobDefinition"]["StaticHyperParameters"] = {{"epochs", epochs}};
    start(count);
  }
  // The job says the objective, and somebody looks.
  void say(std::size_t job, double accuracy) {
    news.metric(submitted[job], "validation:accuracy", now(), accuracy);
    look();
  }
  std::string create_refusal() { return refusal("CreateHyperParameterTuningJob", request); }
};

TEST_F(TuningStoppingTest, HyperbandEndsWhatIsNotAmongTheBestThird) {
  start_hyperband(9, "9", 3);
  say(0, 0.9);
  EXPECT_TRUE(stopped.empty());
  say(1, 0.1);
  say(2, 0.5);
  EXPECT_THAT(stopped, ElementsAre(submitted[1].name, submitted[2].name));
  for (int epoch = 2; epoch <= 9; ++epoch) say(0, 0.9);
  EXPECT_EQ(stopped.size(), 2U);
  end(0, JobPhase::completed);
  end(1, JobPhase::stopped);
  end(2, JobPhase::stopped);
  look();
  const Json answer = described();
  EXPECT_EQ(answer["HyperParameterTuningJobStatus"], "Completed");
  EXPECT_EQ(answer["BestTrainingJob"]["TrainingJobName"], submitted[0].name);
  EXPECT_EQ(answer["TrainingJobStatusCounters"]["Stopped"], 2);
  EXPECT_EQ(answer["ObjectiveStatusCounters"]["Succeeded"], 3);
}

TEST_F(TuningStoppingTest, HyperbandKnowsTheSmallerForTheBetterWhereItIsToldSo) {
  config["HyperParameterTuningJobObjective"]["Type"] = "Minimize";
  start_hyperband(9, "9", 2);
  say(0, 0.9);
  say(1, 0.1);
  EXPECT_TRUE(stopped.empty());
  say(0, 0.9);
  say(0, 0.9);
  say(1, 0.8);
  say(1, 0.95);
  EXPECT_THAT(stopped, ElementsAre(submitted[1].name));
}

TEST_F(TuningStoppingTest, HyperbandEndsJobsThatWouldGoOnForEver) {
  start_hyperband(2, "100", 1);
  say(0, 0.1);
  EXPECT_TRUE(stopped.empty());
  say(0, 0.2);
  EXPECT_THAT(stopped, ElementsAre(submitted[0].name));
  news.event(submitted[0], {.phase = JobPhase::stopped, .time = now(), .artifact = "s3://b/out/model.tar.gz"});
  look();
  EXPECT_EQ(described()["HyperParameterTuningJobStatus"], "Completed");
  EXPECT_EQ(described()["BestTrainingJob"]["TrainingJobName"], submitted[0].name);
}

TEST_F(TuningStoppingTest, WhatAJobSaysAgainWhenItIsRestartedDoesNotCountTwice) {
  start_hyperband(9, "9", 2);
  say(0, 0.9);
  say(1, 0.8);
  EXPECT_THAT(stopped, ElementsAre(submitted[1].name));
  say(0, 0.1);
  // It says its first epochs again, and is restarted once more on the way.
  for (const int epochs : {1, 2}) {
    news.event(submitted[0], {.phase = JobPhase::restarting, .time = now()});
    news.event(submitted[0], {.phase = JobPhase::training, .time = now()});
    for (int epoch = 0; epoch < epochs; ++epoch) say(0, epoch == 0 ? 0.9 : 0.1);
  }
  const auto kept = [&] {
    return records.find(caller.account, kTrainingJob, submitted[0].name)
        ->inner.at("Objectives")
        .get<std::vector<double>>();
  };
  EXPECT_THAT(kept(), ElementsAre(0.9, 0.1));
  say(0, 0.7);
  EXPECT_THAT(kept(), ElementsAre(0.9, 0.1, 0.7));
}

TEST_F(TuningStoppingTest, HyperbandNeedsToKnowHowLongAJobIs) {
  config["Strategy"] = "Hyperband";
  request["TrainingJobDefinition"]["StaticHyperParameters"] = Json::object();
  EXPECT_THAT(create_refusal(), HasSubstr("needs a MaxResource"));
  config["StrategyConfig"]["HyperbandStrategyConfig"] = {{"MinResource", 5}, {"MaxResource", 4}};
  EXPECT_THAT(create_refusal(), HasSubstr("MinResource must not be greater"));
  config["StrategyConfig"]["HyperbandStrategyConfig"] = {{"MaxResource", 4097}};
  EXPECT_THAT(create_refusal(), HasSubstr("4096"));
  config["StrategyConfig"]["HyperbandStrategyConfig"] = {{"MaxResource", 4}};
  config["TrainingJobEarlyStoppingType"] = "Auto";
  EXPECT_THAT(create_refusal(), HasSubstr("must be Off"));
  config["TrainingJobEarlyStoppingType"] = "Off";
  EXPECT_EQ(create_refusal(), "");
}

TEST_F(TuningStoppingTest, AutoEndsWhatIsWorseThanTheMedianOfEarlierJobs) {
  config["TrainingJobEarlyStoppingType"] = "Auto";
  start(5);
  for (std::size_t job = 0; job < 3; ++job) {
    say(job, 0.4);
    say(job, 0.6);
  }
  say(3, 0.3);
  EXPECT_THAT(stopped, ElementsAre(submitted[3].name));
  say(4, 0.4);
  say(4, 0.5);  // the average of the others
  EXPECT_EQ(stopped.size(), 1U);
  say(4, 0.1);  // none of the others came so far
  EXPECT_EQ(stopped.size(), 1U);
}

TEST_F(TuningStoppingTest, NothingIsEndedWhereNobodyAsksForIt) {
  start(5);
  for (std::size_t job = 0; job < 5; ++job) say(job, 0.5 - 0.1 * static_cast<double>(job));
  EXPECT_TRUE(stopped.empty());
  EXPECT_FALSE(records.find(caller.account, kTrainingJob, submitted[0].name)->inner.contains("Objectives"));
}

TEST(TuningStopping, JobsGoToBracketsInTurns) {
  const Hyperband hyperband{.least = 1, .most = 27};
  EXPECT_THAT(rungs_of(hyperband, 0), ElementsAre(1, 3, 9));
  EXPECT_THAT(rungs_of(hyperband, 26), ElementsAre(1, 3, 9));
  EXPECT_THAT(rungs_of(hyperband, 27), ElementsAre(3, 9));
  EXPECT_THAT(rungs_of(hyperband, 27 + 12), ElementsAre(9));
  EXPECT_TRUE(rungs_of(hyperband, 27 + 12 + 6).empty());
  EXPECT_THAT(rungs_of(hyperband, 27 + 12 + 6 + 4), ElementsAre(1, 3, 9));
  EXPECT_THAT(rungs_of({.least = 5, .most = 27}, 0), ElementsAre(9));
  EXPECT_TRUE(rungs_of({.least = 10, .most = 27}, 7).empty());
}

TEST(TuningStopping, TheBestThirdGoesOn) {
  EXPECT_TRUE(goes_on(1, {1}));
  EXPECT_FALSE(goes_on(1, {1, 2}));
  EXPECT_TRUE(goes_on(2, {1, 2, 0}));
  EXPECT_TRUE(goes_on(1, {1, 2, 0, -1}));
  EXPECT_TRUE(goes_on(1, {1, 1, 1}));
  EXPECT_FALSE(is_below_median(0, {1, 1}));
  EXPECT_TRUE(is_below_median(0, {1, -1, 1}));
  EXPECT_FALSE(is_below_median(1, {1, 2, 0}));
  EXPECT_TRUE(is_below_median(1, {0, 1, 2, 3}));
}

}  // namespace
}  // namespace graft
