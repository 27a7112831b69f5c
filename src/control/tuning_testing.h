// A tuning job in tests: what a user sends, and its training jobs as the runner tells of them.
#pragma once

#include <optional>
#include <string>

#include "control/control_testing.h"
#include "control/training_events.h"
#include "control/tuning_work.h"

namespace graft {

inline Json tuning_request() {
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

}  // namespace graft
