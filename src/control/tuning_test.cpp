#include <cmath>
#include <set>

#include "control/resource.h"
#include "control/tuning_record.h"
#include "control/tuning_search.h"
#include "control/tuning_testing.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(TuningTest, RunsAsManyJobsAtATimeAsItMayAndKeepsTheBest) {
  call("CreateHyperParameterTuningJob", tuning_request());
  EXPECT_THAT(tunings, ElementsAre("tune"));
  look();
  ASSERT_EQ(submitted.size(), 2U);
  EXPECT_THAT(submitted[0].name, testing::MatchesRegex("tune-001-[0-9a-f]+"));
  EXPECT_EQ(submitted[0].hyper_parameters.at("epochs"), "3");
  EXPECT_EQ(submitted[0].hyper_parameters.at("_tuning_objective_metric"), "validation:accuracy");
  EXPECT_TRUE(submitted[0].hyper_parameters.contains("learning_rate"));
  end(0, JobPhase::completed, 0.5);
  EXPECT_EQ(tunings.size(), 2U);
  look();
  ASSERT_EQ(submitted.size(), 3U);
  end(1, JobPhase::completed, 0.75);
  end(2, JobPhase::failed);
  look();
  const Json answer = described();
  EXPECT_EQ(answer["HyperParameterTuningJobStatus"], "Completed");
  EXPECT_EQ(answer["BestTrainingJob"]["TrainingJobName"], submitted[1].name);
  EXPECT_EQ(answer["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"], 0.75);
  EXPECT_EQ(answer["BestTrainingJob"]["TunedHyperParameters"].size(), 2U);
  EXPECT_EQ(answer["TrainingJobStatusCounters"]["Completed"], 2);
  EXPECT_EQ(answer["TrainingJobStatusCounters"]["NonRetryableError"], 1);
  EXPECT_EQ(answer["ObjectiveStatusCounters"]["Failed"], 1);
  const Json training = call("DescribeTrainingJob", {{"TrainingJobName", submitted[1].name}});
  EXPECT_EQ(training["TuningJobArn"], answer["HyperParameterTuningJobArn"]);
  EXPECT_TRUE(training.contains("ResourceConfig"));
}

TEST_F(TuningTest, ListsItsTrainingJobsByTheirObjective) {
  call("CreateHyperParameterTuningJob", tuning_request());
  call("CreateTrainingJob", training_request("other"));
  look();
  end(1, JobPhase::completed, 0.2);
  end(2, JobPhase::completed, 0.9);
  const auto list = [&](Json more) {
    more["HyperParameterTuningJobName"] = "tune";
    return call("ListTrainingJobsForHyperParameterTuningJob", more);
  };
  const Json best = list({{"SortBy", "FinalObjectiveMetricValue"}, {"SortOrder", "Descending"}, {"MaxResults", 1}});
  ASSERT_EQ(best["TrainingJobSummaries"].size(), 1U);
  EXPECT_EQ(best["TrainingJobSummaries"][0]["TrainingJobName"], submitted[2].name);
  EXPECT_EQ(list({{"NextToken", best["NextToken"]}})["TrainingJobSummaries"].size(), 1U);
  EXPECT_TRUE(list({{"StatusEquals", "InProgress"}})["TrainingJobSummaries"].empty());
}

TEST_F(TuningTest, ProposesTheSameAfterAKill) {
  call("CreateHyperParameterTuningJob", tuning_request());
  look();
  const auto proposed = submitted[0].hyper_parameters;
  for (const JobSpec& spec : std::vector<JobSpec>(submitted)) {
    records.erase(caller.account, kTrainingJob, spec.name);
  }
  look();
  ASSERT_EQ(submitted.size(), 4U);
  EXPECT_EQ(submitted[2].name, submitted[0].name);
  EXPECT_EQ(submitted[2].hyper_parameters, proposed);
}

TEST_F(TuningTest, StopsItsTrainingJobs) {
  call("CreateHyperParameterTuningJob", tuning_request());
  look();
  call("StopHyperParameterTuningJob", {{"HyperParameterTuningJobName", "tune"}});
  look();
  EXPECT_EQ(stopped.size(), 2U);
  EXPECT_EQ(described()["HyperParameterTuningJobStatus"], "Stopping");
  end(0, JobPhase::stopped);
  end(1, JobPhase::stopped);
  look();
  EXPECT_EQ(described()["HyperParameterTuningJobStatus"], "Stopped");
  EXPECT_EQ(submitted.size(), 2U);
}

TEST_F(TuningTest, IsOverWhenItsTargetIsReached) {
  Json request = tuning_request();
  request["HyperParameterTuningJobConfig"]["TuningJobCompletionCriteria"] = {{"TargetObjectiveMetricValue", 0.9}};
  call("CreateHyperParameterTuningJob", request);
  look();
  end(0, JobPhase::completed, 0.95);
  look();
  EXPECT_THAT(stopped, ElementsAre(submitted[1].name));
  end(1, JobPhase::stopped);
  look();
  EXPECT_EQ(described()["HyperParameterTuningJobStatus"], "Completed");
  EXPECT_EQ(submitted.size(), 2U);
}

TEST_F(TuningTest, IsOverWhenItImprovesNoMore) {
  Json request = tuning_request();
  Json& config = request["HyperParameterTuningJobConfig"];
  config["ResourceLimits"] = {{"MaxNumberOfTrainingJobs", 20}, {"MaxParallelTrainingJobs", 1}};
  config["TuningJobCompletionCriteria"]["BestObjectiveNotImproving"]["MaxNumberOfTrainingJobsNotImproving"] = 3;
  call("CreateHyperParameterTuningJob", request);
  std::size_t job = 0;
  for (const double accuracy : {0.5, 0.4, 0.5, 0.6, 0.601, 0.3, 0.602}) {
    look();
    ASSERT_EQ(submitted.size(), job + 1);
    end(job++, JobPhase::completed, accuracy);
  }
  look();
  EXPECT_EQ(described()["HyperParameterTuningJobStatus"], "Completed");
  EXPECT_EQ(submitted.size(), 7U);
}

TEST_F(TuningTest, FailsWhenAllItsTrainingJobsDo) {
  call("CreateHyperParameterTuningJob", tuning_request());
  for (int round = 0; round < 3; ++round) {
    look();
    end(submitted.size() - 1, JobPhase::failed);
    if (submitted.size() > 1) end(submitted.size() - 2, JobPhase::failed);
  }
  look();
  EXPECT_EQ(described()["HyperParameterTuningJobStatus"], "Failed");
  EXPECT_THAT(described()["FailureReason"].get<std::string>(), StartsWith("All training jobs failed."));
}

TEST_F(TuningTest, GoesOnWhenOneOfItsTrainingJobsIsDeleted) {
  call("CreateHyperParameterTuningJob", tuning_request());
  look();
  end(0, JobPhase::completed, 0.5);
  call("DeleteTrainingJob", {{"TrainingJobName", submitted[0].name}});
  look();
  ASSERT_EQ(submitted.size(), 3U);
  EXPECT_THAT(submitted[2].name, StartsWith("tune-003-"));
  end(1, JobPhase::completed, 0.5);
  end(2, JobPhase::completed, 0.5);
  look();
  EXPECT_EQ(described()["HyperParameterTuningJobStatus"], "Completed");
  EXPECT_EQ(submitted.size(), 3U);
}

TEST_F(TuningTest, IsDeletedAndItsNameUsedAgain) {
  Json request = tuning_request();
  request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] = 1;
  request["Tags"] = Json::array({{{"Key", "team"}, {"Value", "fruit"}}});
  const Json name = {{"HyperParameterTuningJobName", "tune"}};
  call("CreateHyperParameterTuningJob", request);
  EXPECT_THAT(refusal("DeleteHyperParameterTuningJob", name), HasSubstr("ResourceInUse: The tuning job tune"));
  look();
  end(0, JobPhase::completed, 0.5);
  look();
  call("DeleteHyperParameterTuningJob", name);
  EXPECT_THAT(refusal("DescribeHyperParameterTuningJob", name), HasSubstr("can't find a tuning job"));
  EXPECT_THAT(refusal("DeleteHyperParameterTuningJob", name), HasSubstr("can't find a tuning job"));
  const Json left = call("DescribeTrainingJob", {{"TrainingJobName", submitted[0].name}});
  EXPECT_EQ(left["TrainingJobStatus"], "Completed");
  EXPECT_EQ(call("ListTags", {{"ResourceArn", left["TrainingJobArn"]}})["Tags"], request["Tags"]);
  call("CreateHyperParameterTuningJob", request);
  look();
  ASSERT_EQ(submitted.size(), 2U);
  EXPECT_NE(submitted[1].name, submitted[0].name);
  EXPECT_EQ(described()["TrainingJobStatusCounters"]["Completed"], 0);
}

TEST_F(TuningTest, GoesThroughAGrid) {
  Json request = tuning_request();
  Json& config = request["HyperParameterTuningJobConfig"];
  config["Strategy"] = "Grid";
  EXPECT_THAT(refusal("CreateHyperParameterTuningJob", request), HasSubstr("learning_rate"));
  config["ParameterRanges"].erase("ContinuousParameterRanges");
  config["ParameterRanges"]["CategoricalParameterRanges"].push_back({{"Name", "size"}, {"Values", {"32", "64", "96"}}});
  config["ResourceLimits"] = {{"MaxParallelTrainingJobs", 10}};
  call("CreateHyperParameterTuningJob", request);
  look();
  std::set<std::string> points;
  for (const JobSpec& spec : submitted) {
    points.insert(spec.hyper_parameters.at("optimizer") + spec.hyper_parameters.at("size"));
  }
  EXPECT_EQ(points.size(), 6U);
}

TEST_F(TuningTest, IsRefusedByNameForWhatIsNotBuilt) {
  const auto refused = [&](const std::function<void(Json&)>& change) {
    Json request = tuning_request();
    change(request["HyperParameterTuningJobConfig"]);
    return refusal("CreateHyperParameterTuningJob", request);
  };
  EXPECT_THAT(refused([](Json& config) { config["Strategy"] = "Simplex"; }), HasSubstr("enum value set"));
  EXPECT_THAT(refused([](Json& config) { config["StrategyConfig"]["HyperbandStrategyConfig"]["MaxResource"] = 9; }),
              HasSubstr("belongs to the strategy Hyperband"));
  EXPECT_THAT(refused([](Json& config) { config["HyperParameterTuningJobObjective"]["MetricName"] = "x"; }),
              HasSubstr("The objective metric x is none of the MetricDefinitions"));
  EXPECT_THAT(refused([](Json& config) { config["ParameterRanges"] = Json::object(); }),
              HasSubstr("at least one range"));
  EXPECT_THAT(
      refused([](Json& config) { config["ParameterRanges"]["ContinuousParameterRanges"][0]["MinValue"] = "much"; }),
      HasSubstr("Member must be a number"));
  EXPECT_EQ(refusal("DescribeHyperParameterTuningJob", {{"HyperParameterTuningJobName", "none"}}),
            "ResourceNotFound: Amazon SageMaker can't find a tuning job with the name none.");
}

TEST(TuningSearch, StaysInItsRangesAndFindsPlacesAgain) {
  const std::vector<TunedParameter> space = space_of(Json::parse(R"({
      "IntegerParameterRanges": [{"Name": "batch", "MinValue": "8", "MaxValue": "512", "ScalingType": "Logarithmic"}],
      "ContinuousParameterRanges": [
        {"Name": "rate", "MinValue": "1e-6", "MaxValue": "0.5"},
        {"Name": "momentum", "MinValue": "0.5", "MaxValue": "0.999", "ScalingType": "ReverseLogarithmic"}],
      "CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["sgd", "adam", "nag"]}]})"));
  EXPECT_EQ(space[1].scaling, TunedParameter::Scaling::logarithmic);  // Auto: over several orders
  for (int i = 0; i <= 100; ++i) {
    for (const TunedParameter& parameter : space) {
      const std::string value = value_at(parameter, i / 100.0);
      if (!parameter.values.empty()) continue;
      EXPECT_GE(std::stod(value), parameter.least) << parameter.name;
      EXPECT_LE(std::stod(value), parameter.most) << parameter.name;
      const double again = std::stod(value_at(parameter, place_of(parameter, value)));
      EXPECT_NEAR(again, std::stod(value), 1e-9) << parameter.name;
    }
  }
  EXPECT_EQ(value_at(space[0], 0), "8");
  EXPECT_EQ(value_at(space[0], 1), "512");
  EXPECT_NEAR(std::stod(value_at(space[1], 0.5)), std::sqrt(1e-6 * 0.5), 1e-6);
  EXPECT_EQ(value_at(space[3], 0.5), "adam");
}

// The best of `count` trials, each proposed by `propose` from those before it.
template <typename Propose, typename Score>
double best_of_trials(std::size_t count, const Propose& propose, const Score& score) {
  std::vector<Trial> trials;
  double best = -1e300;
  for (std::uint64_t i = 0; i < count; ++i) {
    const HyperParameterValues values = propose(trials, i);
    trials.push_back({values, score(values)});
    best = std::max(best, *trials.back().score);
  }
  return best;
}

// On a bowl over a rate, whose scale is logarithmic, and two shares, one of which counts little: with the same number
// of trials the estimator comes closer to the bottom than chance does, on average and for most seeds.
TEST(TuningSearch, ComesCloserThanChance) {
  const std::vector<TunedParameter> space = {
      {.name = "rate", .scaling = TunedParameter::Scaling::logarithmic, .least = 1e-4, .most = 1},
      {.name = "share"},
      {.name = "other"}};
  const auto score = [](const HyperParameterValues& values) {
    const double rate = std::log10(std::stod(values.at("rate"))) + 2.5, share = std::stod(values.at("share")) - 0.3,
                 other = std::stod(values.at("other")) - 0.8;
    return -rate * rate - 4 * share * share - 0.1 * other * other;
  };
  constexpr std::uint64_t kSeeds = 20;
  double learnt = 0, random = 0;
  int wins = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto key = [&](std::uint64_t i) { return derive(Key{seed}, i); };
    const double one = best_of_trials(
        40, [&](const auto& trials, std::uint64_t i) { return bayesian_values(space, trials, key(i)); }, score);
    const double other = best_of_trials(
        40, [&](const auto&, std::uint64_t i) { return random_values(space, key(i)); }, score);
    learnt += one / kSeeds;
    random += other / kSeeds;
    wins += one > other ? 1 : 0;
  }
  RecordProperty("learnt", std::to_string(learnt));
  RecordProperty("random", std::to_string(random));
  EXPECT_GT(learnt, random / 3) << learnt << " beside " << random;
  EXPECT_GE(wins, 15);
}

// Of sixty trials the estimator's later ones are better than random ones on a function with its best at a corner of
// [0, 1] x [0, 1] and of one category.
TEST(TuningSearch, LearnsFromWhatWasTried) {
  const std::vector<TunedParameter> space = {
      {.name = "x"},
      {.name = "y"},
      {.name = "c", .type = TunedParameter::Type::categorical, .values = {"bad", "good", "worse"}}};
  const auto score = [](const HyperParameterValues& values) {
    const double x = std::stod(values.at("x")) - 0.1, y = std::stod(values.at("y")) - 0.9;
    return -x * x - y * y - (values.at("c") == "good" ? 0 : 0.5);
  };
  double learnt = 0, random = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    std::vector<Trial> trials;
    for (std::uint64_t i = 0; i < 60; ++i) {
      const Key key = derive(Key{seed}, i);
      const HyperParameterValues values = bayesian_values(space, trials, key);
      trials.push_back({values, score(values)});
      if (i < 30) continue;
      learnt += *trials.back().score / 300;
      random += score(random_values(space, key)) / 300;
    }
  }
  EXPECT_LT(random, -0.5);
  EXPECT_GT(learnt, -0.25);
}

}  // namespace
}  // namespace graft
