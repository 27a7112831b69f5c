#include "control/tuning_job.h"

#include <algorithm>
#include <charconv>

#include "control/fields.h"
#include "control/images.h"
#include "control/resource.h"
#include "control/tags.h"
#include "control/training_events.h"
#include "control/training_fields.h"
#include "control/training_request.h"
#include "control/tuning_fields.h"
#include "control/tuning_record.h"
#include "control/tuning_stopping.h"
#include "control/tuning_warm_start.h"

namespace graft {
namespace {

constexpr double kMostTrainings = 750;
constexpr double kMostAtOnce = 100;

void check_objective(const Json& config, const Json& definition) {
  const std::string at = "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective";
  if (!config.contains("HyperParameterTuningJobObjective")) {
    aws::invalid_field("HyperParameterTuningJobConfig", "HyperParameterTuningJobObjective", nullptr,
                       "Member must not be null");
  }
  const Json& objective = aws::object_of(config, "HyperParameterTuningJobObjective");
  aws::text_of(objective, "Type", {.one_of = {"Maximize", "Minimize"}}, at);
  const std::string metric = aws::text_of(objective, "MetricName", {.least = 1, .most = 255}, at);
  const Json& algorithm = aws::object_of(definition, "AlgorithmSpecification", "TrainingJobDefinition");
  const Json& defined = aws::list_of(algorithm, "MetricDefinitions", {.most = 40});
  const bool in_request =
      std::any_of(defined.begin(), defined.end(), [&](const Json& one) { return one.value("Name", "") == metric; });
  const bool own =
      resolve_image(algorithm.value("TrainingImage", "")) == kOwnImage &&
      std::any_of(own_metrics().begin(), own_metrics().end(), [&](const auto& one) { return one.first == metric; });
  if (!in_request && !own) {
    throw validation_error(
        text("The objective metric ", metric, " is none of the MetricDefinitions of the training job"));
  }
}

void check_stopping(const Json& input, const std::string& strategy) {
  const std::string at = "HyperParameterTuningJobConfig";
  const Json& config = input.at(at);
  const auto early = aws::text_if(config, "TrainingJobEarlyStoppingType", {.one_of = {"Off", "Auto"}}, at);
  if (strategy == "Hyperband") {
    hyperband_of(input);
    if (early == "Auto") {
      throw validation_error(
          "The strategy Hyperband ends jobs by its own rule: TrainingJobEarlyStoppingType must be Off");
    }
  } else if (!aws::object_of(config, "StrategyConfig", at).empty()) {
    throw validation_error("A StrategyConfig belongs to the strategy Hyperband");
  }
}

void check_config(const Json& input) {
  const std::string at = "HyperParameterTuningJobConfig";
  const Json& config = input.at(at);
  const std::string strategy =
      aws::text_of(config, "Strategy", {.one_of = {"Bayesian", "Random", "Hyperband", "Grid"}}, at);
  check_stopping(input, strategy);
  const Json& criteria = aws::object_of(config, "TuningJobCompletionCriteria", at);
  aws::number_if(criteria, "TargetObjectiveMetricValue", {}, at + ".TuningJobCompletionCriteria");
  aws::integer_if(aws::object_of(criteria, "BestObjectiveNotImproving", at), "MaxNumberOfTrainingJobsNotImproving",
                  {3, kMostTrainings}, at + ".TuningJobCompletionCriteria.BestObjectiveNotImproving");
  const Json& limits = aws::object_of(config, "ResourceLimits", at);
  const std::string place = at + ".ResourceLimits";
  aws::integer_of(limits, "MaxParallelTrainingJobs", {1, kMostAtOnce}, place);
  const auto space = space_of(aws::object_of(config, "ParameterRanges", at));
  if (strategy != "Grid") {
    aws::integer_of(limits, "MaxNumberOfTrainingJobs", {1, kMostTrainings}, place);
    return;
  }
  if (grid_size(space) > static_cast<std::size_t>(kMostTrainings)) {
    throw validation_error(text("The grid has more than ", kMostTrainings, " points"));
  }
}

void check_request(const Control& control, const Caller& caller, const Json& input, const std::string& arn) {
  for (const char* name : {"HyperParameterTuningJobConfig", "TrainingJobDefinition"}) {
    if (!input.contains(name)) aws::invalid_field("", name, nullptr, "Member must not be null");
    aws::object_of(input, name);
  }
  check_config(input);
  check_objective(input.at("HyperParameterTuningJobConfig"), input.at("TrainingJobDefinition"));
  const auto space = space_of(input.at("HyperParameterTuningJobConfig").at("ParameterRanges"));
  const Json first = tuned_request(input, arn, 0, random_values(space, tuning_key(input, arn, 0)));
  check_training_request(first);
  check_channels(control, caller, first);
}

Json create_tuning_job(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "HyperParameterTuningJobName", fields::tuning_job_name());
  const std::string arn = arn_of(caller, kTuningJob, name);
  if (control.records.find(caller.account, kTuningJob, name)) throw there_already(caller, kTuningJob, name);
  check_request(control, caller, input, arn);
  const Json start = warm_start_of(control, caller, input);
  Record job = new_record(caller, kTuningJob, name, input);
  if (!start.is_null()) job.inner["WarmStart"] = start;
  job.status = "InProgress";
  job.document["HyperParameterTuningJobArn"] = arn;
  job.document["HyperParameterTuningJobConfig"].emplace("TrainingJobEarlyStoppingType", "Off");
  create_or_fail(control.records, caller, job);
  control.outside.tuning_changed(caller.account, name);
  return {{"HyperParameterTuningJobArn", arn}};
}

void add_counters(Json& answer, const std::vector<Record>& trainings, const Record& tuning) {
  int completed = 0, running = 0, failed = 0, stopped = 0, succeeded = 0, pending = 0, without = 0;
  double seconds = 0;
  for (const Record& training : trainings) {
    (training.status == "Completed" ? completed
     : training.status == "Failed"  ? failed
     : training.status == "Stopped" ? stopped
                                    : running)++;
    const Json summary = tuned_summary(training, tuning);
    const std::string objective = summary.at("ObjectiveStatus");
    (objective == "Succeeded" ? succeeded : objective == "Pending" ? pending : without)++;
    seconds += training.document.value("TrainingTimeInSeconds", 0.0);
  }
  answer["TrainingJobStatusCounters"] = {{"Completed", completed},
                                         {"InProgress", running},
                                         {"RetryableError", 0},
                                         {"NonRetryableError", failed},
                                         {"Stopped", stopped}};
  answer["ObjectiveStatusCounters"] = {{"Succeeded", succeeded}, {"Pending", pending}, {"Failed", without}};
  answer["ConsumedResources"] = {{"RuntimeInSeconds", static_cast<std::int64_t>(seconds)}};
}

Json describe_tuning_job(const Control& control, const Caller& caller, const Json& input) {
  const Record tuning = find_or_fail(control.records, caller, kTuningJob,
                                     aws::text_of(input, "HyperParameterTuningJobName", fields::tuning_job_name()));
  const std::vector<Record> trainings = trainings_of(control, tuning);
  Json answer = described(tuning, "HyperParameterTuningJobStatus");
  add_counters(answer, trainings, tuning);
  if (const Record* best = best_of(trainings, objective_of(tuning))) {
    answer["BestTrainingJob"] = tuned_summary(*best, tuning);
  }
  if (Json best = overall_best(tuning, trainings); !best.is_null()) answer["OverallBestTrainingJob"] = std::move(best);
  return answer;
}

Json list_tuning_jobs(const Control& control, const Caller& caller, const Json& input) {
  return list_records(
      control.records, caller, kTuningJob, input, "HyperParameterTuningJobSummaries", [&](const Record& tuning) {
        Json summary = summary_of(
            tuning, {"HyperParameterTuningJobName", "HyperParameterTuningJobArn", "HyperParameterTuningEndTime"},
            "HyperParameterTuningJobStatus");
        const Json& config = tuning.document.at("HyperParameterTuningJobConfig");
        summary["Strategy"] = config.at("Strategy");
        summary["ResourceLimits"] = config.at("ResourceLimits");
        add_counters(summary, trainings_of(control, tuning), tuning);
        summary.erase("ConsumedResources");
        return summary;
      });
}

Json stop_tuning_job(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "HyperParameterTuningJobName", fields::tuning_job_name());
  const bool there = control.records.update(caller.account, kTuningJob, name, [](Record& job) {
    require_going_on(job);
    job.status = "Stopping";
  });
  if (!there) throw missing(caller, kTuningJob, name);
  control.outside.tuning_changed(caller.account, name);
  return nullptr;
}

Json delete_tuning_job(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "HyperParameterTuningJobName", fields::tuning_job_name());
  const Record tuning = find_or_fail(control.records, caller, kTuningJob, name);
  require_ended(tuning);
  control.records.erase(caller.account, kTuningJob, name);
  return nullptr;
}

// Where a page begins: there are so few that each is made from all.
std::size_t begin_of(const Json& input) {
  const std::string token = aws::text_if(input, "NextToken", {.most = 20}).value_or("0");
  std::size_t begin = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), begin);
  if (error != std::errc() || end != token.data() + token.size()) {
    throw validation_error(
        "the NextToken is none that a call before this one gave: leave it out to begin with the first page");
  }
  return begin;
}

void sort_trainings(std::vector<Record>& trainings, const Json& input, const TuningObjective& objective) {
  const std::string by =
      aws::text_if(input, "SortBy", {.one_of = {"Name", "CreationTime", "Status", "FinalObjectiveMetricValue"}})
          .value_or("Name");
  const bool descending = aws::text_if(input, "SortOrder", {.one_of = {"Ascending", "Descending"}}) == "Descending";
  const auto less = [&](const Record& a, const Record& b) {
    if (by == "CreationTime") return a.created < b.created;
    if (by == "Status") return a.status < b.status;
    if (by == "FinalObjectiveMetricValue") {
      // Those without a value come last, either way.
      const auto x = objective_value(a, objective), y = objective_value(b, objective);
      if (!x || !y) return descending ? !x && y : x && !y;
      return *x < *y;
    }
    return a.name < b.name;
  };
  std::stable_sort(trainings.begin(), trainings.end(),
                   [&](const Record& a, const Record& b) { return descending ? less(b, a) : less(a, b); });
}

Json list_trainings(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "HyperParameterTuningJobName", fields::tuning_job_name());
  const Record tuning = find_or_fail(control.records, caller, kTuningJob, name);
  const std::string status = aws::text_if(input, "StatusEquals", {.most = 32}).value_or("");
  const auto most = static_cast<std::size_t>(aws::integer_if(input, "MaxResults", {1, 100}).value_or(10));
  std::vector<Record> trainings = trainings_of(control, tuning);
  if (!status.empty()) std::erase_if(trainings, [&](const Record& training) { return training.status != status; });
  sort_trainings(trainings, input, objective_of(tuning));
  const std::size_t begin = std::min(begin_of(input), trainings.size()), end = std::min(begin + most, trainings.size());
  Json answer{{"TrainingJobSummaries", Json::array()}};
  for (std::size_t i = begin; i < end; ++i) {
    answer["TrainingJobSummaries"].push_back(tuned_summary(trainings[i], tuning));
  }
  if (end < trainings.size()) answer["NextToken"] = std::to_string(end);
  return answer;
}

}  // namespace

std::vector<aws::Operation> tuning_operations(const Control& control) {
  using enum aws::Support;
  const std::vector<aws::Field> name = {{"HyperParameterTuningJobName", done}};
  return {{"CreateHyperParameterTuningJob", create_tuning_job_fields(), bound(control, create_tuning_job)},
          {"DescribeHyperParameterTuningJob", name, bound(control, describe_tuning_job)},
          {"ListHyperParameterTuningJobs", list_fields(true), bound(control, list_tuning_jobs)},
          {"StopHyperParameterTuningJob", name, bound(control, stop_tuning_job)},
          {"DeleteHyperParameterTuningJob", name, bound(control, delete_tuning_job)},
          {"ListTrainingJobsForHyperParameterTuningJob",
           {{"HyperParameterTuningJobName", done},
            {"StatusEquals", done},
            {"SortBy", done},
            {"SortOrder", done},
            {"MaxResults", done, "10 where it is not given"},
            {"NextToken", done}},
           bound(control, list_trainings)}};
}

}  // namespace graft
