#include "control/tuning_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/digest.h"
#include "control/fields.h"
#include "control/resource.h"
#include "control/training_events.h"

namespace graft {
namespace {

constexpr std::size_t kMostTrainings = 10'000;

const Json& config_of(const Json& request) {
  return request.at("HyperParameterTuningJobConfig");
}

Json resources_of(const Json& definition) {
  if (definition.contains("ResourceConfig")) return definition.at("ResourceConfig");
  return fields::part_of(aws::object_of(definition, "HyperParameterTuningResourceConfig"),
                         {"InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId"});
}

// "Pending" while it runs.
std::string objective_status(const Record& training, const TuningObjective& objective) {
  if (!has_ended(training)) return "Pending";
  return has_result(training, objective) ? "Succeeded" : "Failed";
}

}  // namespace

std::vector<Record> trainings_of(const Control& control, const Record& tuning) {
  const RecordQuery query{.parent = tuning.name,
                          .created_after = tuning.created,
                          .order = RecordQuery::Order::name,
                          .descending = false,
                          .most = kMostTrainings};
  return control.records.list(tuning.account, kTrainingJob, query).records;
}

std::size_t tuning_index(const Record& training) {
  return training.inner.value("TuningIndex", std::size_t{0});
}

std::size_t next_index(const std::vector<Record>& trainings) {
  std::size_t next = 0;
  for (const Record& training : trainings) next = std::max(next, tuning_index(training) + 1);
  return next;
}

std::string tuning_id(const Record& tuning) {
  return text(tuning.document.at("HyperParameterTuningJobArn").get<std::string>(), '@',
              std::llround(tuning.created * 1e6));
}

bool has_result(const Record& training, const TuningObjective& objective) {
  const bool early = training.status == "Stopped" && training.inner.value("StoppedEarly", false);
  return (training.status == "Completed" || early) && objective_value(training, objective);
}

TuningObjective objective_of(const Record& tuning) {
  const Json& objective = config_of(tuning.document).at("HyperParameterTuningJobObjective");
  return {.metric = objective.at("MetricName"), .maximize = objective.at("Type") == "Maximize"};
}

std::optional<double> objective_value(const Record& training, const TuningObjective& objective) {
  for (const Json& metric : aws::list_of(training.document, "FinalMetricDataList")) {
    if (metric.at("MetricName") == objective.metric) return metric.at("Value").get<double>();
  }
  return {};
}

const Record* best_of(const std::vector<Record>& trainings, const TuningObjective& objective) {
  const Record* best = nullptr;
  double best_value = 0;
  for (const Record& training : trainings) {
    const auto value = objective_value(training, objective);
    // What was ended early may have written none.
    const bool model =
        !training.document.at("ModelArtifacts").at("S3ModelArtifacts").get_ref<const std::string&>().empty();
    if (!has_result(training, objective) || !(model || training.status == "Completed")) continue;
    if (best && (objective.maximize ? *value <= best_value : *value >= best_value)) continue;
    best = &training;
    best_value = *value;
  }
  return best;
}

Json tuned_summary(const Record& training, const Record& tuning) {
  const TuningObjective objective = objective_of(tuning);
  Json summary = fields::part_of(training.document, {"TrainingJobName", "TrainingJobArn", "TrainingStartTime",
                                                     "TrainingEndTime", "FailureReason"});
  summary["CreationTime"] = training.created;
  summary["TrainingJobStatus"] = training.status;
  summary["TunedHyperParameters"] = training.inner.value("TunedHyperParameters", Json::object());
  summary["ObjectiveStatus"] = objective_status(training, objective);
  if (const auto value = objective_value(training, objective)) {
    summary["FinalHyperParameterTuningJobObjectiveMetric"] = {
        {"Type", objective.maximize ? "Maximize" : "Minimize"}, {"MetricName", objective.metric}, {"Value", *value}};
  }
  return summary;
}

Json tuned_request(const Json& tuning_request, const std::string& id, std::size_t index,
                   const HyperParameterValues& values) {
  const Json& definition = tuning_request.at("TrainingJobDefinition");
  const std::string tuning = tuning_request.at("HyperParameterTuningJobName");
  const std::string digits = hex(sha256(as_bytes(text(id, "/", index)))).substr(0, 8);
  const std::string name = fmt::format("{}-{:03}-{}", tuning, index + 1, digits);
  Json request = fields::part_of(
      definition, {"AlgorithmSpecification", "RoleArn", "InputDataConfig", "VpcConfig", "OutputDataConfig",
                   "StoppingCondition", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption",
                   "EnableManagedSpotTraining", "CheckpointConfig", "RetryStrategy", "Environment"});
  request["TrainingJobName"] = name;
  request["ResourceConfig"] = resources_of(definition);
  Json& parameters = request["HyperParameters"] = definition.value("StaticHyperParameters", Json::object());
  for (const auto& [key, value] : values) parameters[key] = value;
  parameters["_tuning_objective_metric"] =
      config_of(tuning_request).at("HyperParameterTuningJobObjective").at("MetricName");
  if (request.contains("CheckpointConfig")) {
    // One job must not go on from where another one was.
    std::string uri = fields::s3_uri_of(request["CheckpointConfig"], "S3Uri", "CheckpointConfig");
    request["CheckpointConfig"]["S3Uri"] = uri + (uri.ends_with('/') ? "" : "/") + name;
  }
  return request;
}

Key tuning_key(const Json& tuning_request, const std::string& id, std::size_t index) {
  const Json& config = config_of(tuning_request);
  const std::string seed = config.contains("RandomSeed") ? config.at("RandomSeed").dump() : id;
  return derive(Key{prefix(sha256(as_bytes(seed)))}, index);
}

std::size_t most_trainings(const Json& tuning_request) {
  const Json& config = config_of(tuning_request);
  if (config.at("Strategy") == "Grid") return grid_size(space_of(config.at("ParameterRanges")));
  return config.at("ResourceLimits").at("MaxNumberOfTrainingJobs");
}

}  // namespace graft
