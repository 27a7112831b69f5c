#include "control/tuning_warm_start.h"

#include "control/resource.h"
#include "control/tuning_record.h"
#include "control/tuning_testing.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct TuningWarmStartTest : TuningTest {
  // The job "parent", with a training job for each of these values, at learning rates 0.001, 0.002, ...
  void make_parent(const std::vector<double>& accuracies) {
    Json request = tuning_request();
    request["HyperParameterTuningJobName"] = "parent";
    request["HyperParameterTuningJobConfig"]["ResourceLimits"] = {{"MaxNumberOfTrainingJobs", accuracies.size()},
                                                                  {"MaxParallelTrainingJobs", 10}};
    call("CreateHyperParameterTuningJob", request);
    advance_tuning_job(control, caller.account, "parent");
    for (std::size_t i = 0; i < accuracies.size(); ++i) {
      records.update(caller.account, kTrainingJob, submitted[i].name, [&](Record& training) {
        training.inner["TunedHyperParameters"] = {{"learning_rate", text(0.001 * static_cast<double>(i + 1))},
                                                  {"optimizer", "sgd"}};
      });
      end(i, JobPhase::completed, accuracies[i]);
    }
    advance_tuning_job(control, caller.account, "parent");
  }
  Json child(const char* type = "IdenticalDataAndAlgorithm") {
    Json request = tuning_request();
    request["HyperParameterTuningJobConfig"]["Strategy"] = "Bayesian";
    request["WarmStartConfig"] = {
        {"WarmStartType", type},
        {"ParentHyperParameterTuningJobs", Json::array({{{"HyperParameterTuningJobName", "parent"}}})}};
    return request;
  }
  std::string refused(const std::function<void(Json&)>& change, const char* type = "IdenticalDataAndAlgorithm") {
    Json request = child(type);
    change(request);
    return refusal("CreateHyperParameterTuningJob", request);
  }
};

TEST_F(TuningWarmStartTest, BeginsWithWhatItsParentsHaveTried) {
  // As good as can be at the least rates, and only there.
  make_parent({0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1});
  Json request = child();
  request["HyperParameterTuningJobConfig"]["ResourceLimits"] = {{"MaxNumberOfTrainingJobs", 20},
                                                                {"MaxParallelTrainingJobs", 20}};
  const std::size_t before = submitted.size();
  call("CreateHyperParameterTuningJob", request);
  // It knows what it has been told, also when the parent is gone.
  call("DeleteHyperParameterTuningJob", {{"HyperParameterTuningJobName", "parent"}});
  look();
  ASSERT_EQ(submitted.size(), before + 20);
  const auto tuning = records.find(caller.account, kTuningJob, "tune");
  const auto trials = warm_trials(*tuning);
  ASSERT_EQ(trials.size(), 10U);
  EXPECT_EQ(trials[0].values.at("learning_rate"), "0.001");
  EXPECT_EQ(trials[0].score, 0.9);
  const auto space = space_of(request["HyperParameterTuningJobConfig"]["ParameterRanges"]);
  const Key key = tuning_key(tuning->document, tuning_id(*tuning), 0);
  const HyperParameterValues proposed = bayesian_values(space, trials, key);
  EXPECT_EQ(submitted[before].hyper_parameters.at("learning_rate"), proposed.at("learning_rate"));
  EXPECT_NE(proposed, random_values(space, key));
}

TEST_F(TuningWarmStartTest, TellsTheBestOfAllWhereTheDataIsTheSame) {
  make_parent({0.5, 0.8, 0.2});
  const std::size_t first = submitted.size();
  call("CreateHyperParameterTuningJob", child());
  look();
  Json answer = described();
  EXPECT_EQ(answer["WarmStartConfig"], child()["WarmStartConfig"]);
  EXPECT_FALSE(answer.contains("BestTrainingJob"));
  EXPECT_EQ(answer["OverallBestTrainingJob"]["TrainingJobName"], submitted[1].name);
  EXPECT_EQ(answer["OverallBestTrainingJob"]["TuningJobName"], "parent");
  end(first, JobPhase::completed, 0.7);
  EXPECT_EQ(described()["BestTrainingJob"]["TrainingJobName"], submitted[first].name);
  EXPECT_EQ(described()["OverallBestTrainingJob"]["TrainingJobName"], submitted[1].name);
  end(first + 1, JobPhase::completed, 0.9);
  answer = described();
  EXPECT_EQ(answer["OverallBestTrainingJob"]["TrainingJobName"], submitted[first + 1].name);
  EXPECT_EQ(answer["OverallBestTrainingJob"]["TuningJobName"], "tune");
}

TEST_F(TuningWarmStartTest, LearnsFromOtherDataWithinItsOwnRanges) {
  make_parent({0.5, 0.8, 0.2});
  Json request = child("TransferLearning");
  Json& ranges = request["HyperParameterTuningJobConfig"]["ParameterRanges"];
  ranges["ContinuousParameterRanges"][0]["MinValue"] = "0.0015";
  // What was static, with its one value, and no longer the optimizer.
  ranges["IntegerParameterRanges"] = Json::array({{{"Name", "epochs"}, {"MinValue", "1"}, {"MaxValue", "5"}}});
  ranges.erase("CategoricalParameterRanges");
  request["TrainingJobDefinition"]["StaticHyperParameters"] = {{"momentum", "0.9"}};
  call("CreateHyperParameterTuningJob", request);
  const auto trials = warm_trials(*records.find(caller.account, kTuningJob, "tune"));
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(trials[0].values, (HyperParameterValues{{"epochs", "3"}, {"learning_rate", "0.002"}}));
  EXPECT_FALSE(described().contains("OverallBestTrainingJob"));
}

TEST_F(TuningWarmStartTest, RefusesParentsThatItCannotLearnFrom) {
  EXPECT_THAT(refused([](Json&) {}), HasSubstr("can't find a tuning job with the name parent"));
  call("CreateHyperParameterTuningJob", [] {
    Json request = tuning_request();
    request["HyperParameterTuningJobName"] = "running";
    return request;
  }());
  make_parent({0.5});
  const auto parents = [](Json& request) -> Json& {
    return request["WarmStartConfig"]["ParentHyperParameterTuningJobs"];
  };
  EXPECT_THAT(refused([&](Json& r) { parents(r)[0]["HyperParameterTuningJobName"] = "running"; }),
              HasSubstr("running is in status InProgress"));
  EXPECT_THAT(refused([&](Json& r) { parents(r).push_back(parents(r)[0]); }), HasSubstr("named twice"));
  EXPECT_THAT(refused([&](Json& r) { parents(r) = Json::array(); }), HasSubstr("length greater than or equal to 1"));
  EXPECT_THAT(refused([](Json& r) { r["WarmStartConfig"]["WarmStartType"] = "Any"; }), HasSubstr("enum value set"));
  const auto objective = [](Json& r) {
    r["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["Type"] = "Minimize";
  };
  EXPECT_THAT(refused(objective, "TransferLearning"), HasSubstr("objective metric must be the same"));
  const auto more = [](Json& r) { r["TrainingJobDefinition"]["StaticHyperParameters"]["momentum"] = "0.9"; };
  EXPECT_THAT(refused(more, "TransferLearning"), HasSubstr("as many must be the same"));
  const auto other = [](Json& r) { r["TrainingJobDefinition"]["StaticHyperParameters"] = {{"momentum", "0.9"}}; };
  EXPECT_THAT(refused(other), HasSubstr("their names must be the same"));
  const auto type = [](Json& r) {
    Json& ranges = r["HyperParameterTuningJobConfig"]["ParameterRanges"];
    ranges["CategoricalParameterRanges"].push_back({{"Name", "learning_rate"}, {"Values", {"0.1"}}});
    ranges.erase("ContinuousParameterRanges");
  };
  EXPECT_THAT(refused(type), HasSubstr("type of the range of learning_rate"));
  const auto many = [](Json& r) {
    r["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] = 750;
  };
  EXPECT_THAT(refused(many), HasSubstr("751 training jobs together"));
  EXPECT_EQ(refused([](Json&) {}), "");
}

}  // namespace
}  // namespace graft
