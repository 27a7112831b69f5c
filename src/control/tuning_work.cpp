#include "control/tuning_work.h"

#include <algorithm>
#include <cmath>

#include "aws/check.h"
#include "base/log.h"
#include "base/words.h"
#include "control/resource.h"
#include "control/training_events.h"
#include "control/training_job.h"
#include "control/tuning_record.h"
#include "control/tuning_stopping.h"
#include "control/tuning_warm_start.h"

namespace graft {
namespace {

constexpr double kBetweenTries = 2;  // seconds

std::size_t running(const std::vector<Record>& trainings) {
  return static_cast<std::size_t>(
      std::count_if(trainings.begin(), trainings.end(), [](const Record& training) { return !has_ended(training); }));
}

void end_tuning(const Control& control, const Record& tuning, const std::string& status, const std::string& failure) {
  control.records.update(tuning.account, kTuningJob, tuning.name, [&](Record& record) {
    record.status = status;
    record.document["HyperParameterTuningEndTime"] = now();
    if (!failure.empty()) record.document["FailureReason"] = cut(failure, 1024);
  });
}

void stop_trainings(const Control& control, const std::vector<Record>& trainings) {
  for (const Record& training : trainings) {
    if (!has_ended(training)) stop_training_job(control, training.account, training.name);
  }
}

HyperParameterValues proposal(const Record& tuning, const std::vector<Record>& trainings, std::size_t index) {
  const Json& config = tuning.document.at("HyperParameterTuningJobConfig");
  const auto space = space_of(config.at("ParameterRanges"));
  const std::string strategy = config.at("Strategy");
  const Key key = tuning_key(tuning.document, tuning_id(tuning), index);
  if (strategy == "Grid") return grid_values(space, index);
  if (strategy == "Random" || strategy == "Hyperband") return random_values(space, key);
  const TuningObjective objective = objective_of(tuning);
  std::vector<Trial> trials = warm_trials(tuning);
  for (const Record& training : trainings) {
    Trial trial{.values = training.inner.at("TunedHyperParameters").get<HyperParameterValues>()};
    const auto value = has_result(training, objective) ? objective_value(training, objective) : std::nullopt;
    if (value) trial.score = objective.maximize ? *value : -*value;
    trials.push_back(std::move(trial));
  }
  return bayesian_values(space, trials, key);
}

void start_next(const Control& control, const Record& tuning, const std::vector<Record>& trainings) {
  const std::string arn = tuning.document.at("HyperParameterTuningJobArn");
  const std::size_t index = next_index(trainings);
  const HyperParameterValues values = proposal(tuning, trainings, index);
  Json request = tuned_request(tuning.document, tuning_id(tuning), index, values);
  request["Tags"] = tuning.inner.at("Tags");
  Json inner{{"TuningJobArn", arn}, {"TuningIndex", index}, {"TunedHyperParameters", values}};
  if (judges(tuning.document)) inner["Objectives"] = Json::array();
  start_training_job(control, maker_of(tuning, arn), request, tuning.name, inner);
}

bool reached_target(const Json& criteria, const std::vector<Record>& trainings, const TuningObjective& objective) {
  const Record* best = best_of(trainings, objective);
  if (!best || !criteria.contains("TargetObjectiveMetricValue")) return false;
  const double value = *objective_value(*best, objective), target = criteria.at("TargetObjectiveMetricValue");
  return objective.maximize ? value >= target : value <= target;
}

// So many of the last ones are not better by a hundredth than what was best before.
bool improves_no_more(const Json& criteria, const std::vector<Record>& trainings, const TuningObjective& objective) {
  const Json& given = aws::object_of(criteria, "BestObjectiveNotImproving");
  if (!given.contains("MaxNumberOfTrainingJobsNotImproving")) return false;
  const std::size_t most = given.at("MaxNumberOfTrainingJobsNotImproving");
  std::optional<double> best;
  std::size_t in_vain = 0;
  for (const Record& training : trainings) {
    if (!has_result(training, objective)) continue;
    const double score = *objective_value(training, objective) * (objective.maximize ? 1 : -1);
    const bool better = !best || score >= *best + 0.01 * std::abs(*best);
    in_vain = better && score != best ? 0 : in_vain + 1;
    best = std::max(best.value_or(score), score);
  }
  return in_vain >= most;
}

bool is_enough(const Record& tuning, const std::vector<Record>& trainings) {
  const Json& criteria =
      aws::object_of(tuning.document.at("HyperParameterTuningJobConfig"), "TuningJobCompletionCriteria");
  const TuningObjective objective = objective_of(tuning);
  return reached_target(criteria, trainings, objective) || improves_no_more(criteria, trainings, objective);
}

void finish(const Control& control, const Record& tuning, const std::vector<Record>& trainings) {
  const TuningObjective objective = objective_of(tuning);
  const bool any = std::any_of(trainings.begin(), trainings.end(), [&](const Record& training) {
    return training.status == "Completed" || has_result(training, objective);
  });
  end_tuning(
      control, tuning, any ? "Completed" : "Failed",
      any ? "" : "All training jobs failed. Please take a look at the training jobs failures to get more details.");
}

}  // namespace

void advance_tuning_job(const Control& control, const std::string& account, const std::string& job) {
  const auto tuning = control.records.find(account, kTuningJob, job);
  if (!tuning || has_ended(*tuning)) return;
  std::vector<Record> trainings = trainings_of(control, *tuning);
  if (tuning->status == "Stopping") {
    stop_trainings(control, trainings);
    if (running(trainings) == 0) end_tuning(control, *tuning, "Stopped", "");
    return;
  }
  if (judges(tuning->document)) {
    stop_hopeless(control, *tuning, trainings);
    trainings = trainings_of(control, *tuning);
  }
  const bool enough = is_enough(*tuning, trainings);
  if (enough) stop_trainings(control, trainings);
  const std::size_t most = most_trainings(tuning->document);
  const std::size_t at_once =
      tuning->document.at("HyperParameterTuningJobConfig").at("ResourceLimits").at("MaxParallelTrainingJobs");
  while (!enough && next_index(trainings) < most && running(trainings) < at_once) {
    try {
      start_next(control, *tuning, trainings);
    } catch (const std::exception& error) {
      const auto* ours = dynamic_cast<const Error*>(&error);
      if (ours && ours->kind() == Kind::unavailable) throw;
      stop_trainings(control, trainings);
      return end_tuning(control, *tuning, "Failed", error.what());
    }
    trainings = trainings_of(control, *tuning);
  }
  if ((enough || next_index(trainings) >= most) && running(trainings) == 0) finish(control, *tuning, trainings);
}

TuningWork::TuningWork(Control control)
    : control_(control), errands_(1, [this](const Errands::Key& key) { advance(key); }) {}

void TuningWork::start() {
  for (const char* status : {"InProgress", "Stopping"}) {
    for (const Record& job : control_.records.in_status(kTuningJob, status)) look(job.account, job.name);
  }
  errands_.start();
}

void TuningWork::advance(const Errands::Key& key) {
  try {
    advance_tuning_job(control_, key.first, key.second);
  } catch (const Error& error) {
    if (error.kind() != Kind::unavailable) throw;
    spdlog::warn("the tuning job {}: {}; it is tried again", key.second, error.what());
    errands_.pause(kBetweenTries);
    errands_.add(key);
  }
}

}  // namespace graft
