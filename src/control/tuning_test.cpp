#include <cmath>
#include <set>

#include "control/control_testing.h"
#include "control/resource.h"
#include "control/training_events.h"
#include "control/tuning_record.h"
#include "control/tuning_search.h"
#include "control/tuning_work.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Json tuning_request() {
  Json definition = training_request();
  for (const char* field : {"TrainingJobName", "Tags", "HyperParameters", "ResourceConfig"}) definition.erase(field);
  definition["StaticHyperParameters"] = {{"epochs", "3"}};
  definition["HyperParameterTuningResourceConfig"] = {
      {"InstanceType", "ml.m5.large"}, {"InstanceCount", 1}, {"VolumeSizeInGB", 30}};
  return {{"HyperParameterTuningJobName", "tune"},
          {"HyperParameterTuningJobConfig",
           {{"Strategy", "Random"},
            {"HyperParameterTuningJobObjective", {{"Type", "Maximize"}, {"MetricName", "validation:accuracy"}}},
            {"ResourceLimits", {{"MaxNumberOfTrainingJobs", 3}, {"MaxParallelTrainingJobs", 2}}},
            {"ParameterRanges",
             {{"ContinuousParameterRanges",
               Json::array({{{"Name", "learning_rate"}, {"MinValue", "0.001"}, {"MaxValue", "0.1"}}})},
              {"CategoricalParameterRanges", Json::array({{{"Name", "optimizer"}, {"Values", {"sgd", "adam"}}}})}}}}},
          {"TrainingJobDefinition", definition}};
}

struct TuningTest : ControlTest {
  TrainingNews news{control};

  void SetUp() override {
    // Somebody is to look: it is looked at when the test says so.
    outside.tuning_changed = [this](const std::string&, const std::string& job) { tunings.push_back(job); };
  }
  void look() { advance_tuning_job(control, caller.account, "tune"); }
  void end(std::size_t job, JobPhase phase, std::optional<double> accuracy = {}) {
    const double time = now();
    if (accuracy) news.metric(submitted[job], "validation:accuracy", time, *accuracy);
    news.event(submitted[job], {.phase = phase, .time = time});
  }
  Json described() { return call("DescribeHyperParameterTuningJob", {{"HyperParameterTuningJobName", "tune"}}); }
};

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
  EXPECT_THAT(refused([](Json& config) { config["Strategy"] = "Hyperband"; }), HasSubstr("Hyperband is not built"));
  EXPECT_THAT(refused([](Json& config) { config["TrainingJobEarlyStoppingType"] = "Auto"; }),
              HasSubstr("Early stopping"));
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
