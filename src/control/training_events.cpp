#include "control/training_events.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/words.h"
#include "control/resource.h"
#include "control/tuning_record.h"

namespace graft {
namespace {

constexpr std::size_t kMostReason = 1024;
constexpr std::size_t kMostFinalMetrics = 40;

struct Phase {
  JobPhase phase;
  const char* status;
  const char* secondary;
  const char* message;  // where the runner gives none
};

constexpr std::array kPhases = {
    Phase{JobPhase::queued, "InProgress", "Pending", "Training job waiting for capacity"},
    Phase{JobPhase::starting, "InProgress", "Starting", "Preparing the instances for training"},
    Phase{JobPhase::downloading, "InProgress", "Downloading", "Downloading input data"},
    Phase{JobPhase::training, "InProgress", "Training", "Training image download completed. Training in progress."},
    Phase{JobPhase::uploading, "InProgress", "Uploading", "Uploading generated training model"},
    Phase{JobPhase::stopping, "Stopping", "Stopping", "Stopping the training job"},
    Phase{JobPhase::restarting, "InProgress", "Restarting", "Restarting the training job"},
    Phase{JobPhase::completed, "Completed", "Completed", "Training job completed"},
    Phase{JobPhase::failed, "Failed", "Failed", "Training job failed"},
    Phase{JobPhase::stopped, "Stopped", "Stopped", "Training job stopped"},
    Phase{JobPhase::timed_out, "Stopped", "MaxRuntimeExceeded",
          "Training job runtime exceeded MaxRuntimeInSeconds provided"},
};

const Phase& phase_of(JobPhase phase) {
  return *std::find_if(kPhases.begin(), kPhases.end(), [&](const Phase& known) { return known.phase == phase; });
}

void record_end(Record& job, const JobEvent& event) {
  Json& document = job.document;
  document["TrainingEndTime"] = event.time;
  document["ModelArtifacts"] = {{"S3ModelArtifacts", event.artifact}};
  if (event.phase == JobPhase::failed) document["FailureReason"] = cut(event.message, kMostReason);
  if (!document.contains("TrainingStartTime")) return;
  const double seconds = std::ceil(event.time - document.at("TrainingStartTime").get<double>());
  document["TrainingTimeInSeconds"] = document["BillableTimeInSeconds"] =
      static_cast<std::int64_t>(std::max(1.0, seconds));
}

// A job that is started again says its early epochs again: graft's own from its checkpoint, others because they begin
// anew. Those are the values that are kept already, so as many are passed over. Of a program that goes on from a
// checkpoint and says nothing twice, that lets some go that were new: it is judged later than it might be, never
// earlier.
void expect_retelling(Record& job) {
  const auto objectives = job.inner.find("Objectives");
  if (objectives != job.inner.end()) job.inner["Retold"] = objectives->size();
}

}  // namespace

void enter(Record& job, const std::string& secondary_status, const std::string& message, double time) {
  Json& document = job.document;
  Json& transitions = document["SecondaryStatusTransitions"];
  if (!transitions.is_array()) transitions = Json::array();
  if (!transitions.empty()) {
    Json& last = transitions.back();
    if (last["Status"] == secondary_status && last["StatusMessage"] == message) return;
    last["EndTime"] = std::max(time, last["StartTime"].get<double>());
  }
  document["SecondaryStatus"] = secondary_status;
  transitions.push_back({{"Status", secondary_status}, {"StartTime", time}, {"StatusMessage", message}});
}

void record_event(Record& job, const JobEvent& event) {
  if (has_ended(job)) return;
  const Phase& phase = phase_of(event.phase);
  // A job that is being stopped still uploads what it has; its status stays.
  if (job.status == "Stopping" && !is_end(event.phase)) return;
  job.status = phase.status;
  const bool own_words = event.message.empty() || event.phase == JobPhase::failed;
  enter(job, phase.secondary, own_words ? phase.message : std::string(cut(event.message, kMostReason)), event.time);
  if (event.phase == JobPhase::training && !job.document.contains("TrainingStartTime")) {
    job.document["TrainingStartTime"] = event.time;
  }
  if (!is_end(event.phase)) return;
  record_end(job, event);
  job.document["SecondaryStatusTransitions"].back()["EndTime"] = event.time;
}

void record_metric(Record& job, const std::string& metric, double time, double value) {
  Json& list = job.document["FinalMetricDataList"];
  if (!list.is_array()) list = Json::array();
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Json& one) { return one["MetricName"] == metric; });
  const Json entry{{"MetricName", metric}, {"Value", value}, {"Timestamp", time}};
  if (found != list.end()) {
    *found = entry;
  } else if (list.size() < kMostFinalMetrics) {
    list.push_back(entry);
  }
}

std::map<std::string, TrainingNews::Value> TrainingNews::take_metrics(const Job& job) {
  const std::lock_guard lock(mutex_);
  const auto node = metrics_.extract(job);
  return node ? node.mapped() : std::map<std::string, Value>();
}

void TrainingNews::event(const JobSpec& spec, const JobEvent& event) {
  const auto metrics = take_metrics({spec.account, spec.name});
  std::string parent;
  control_.records.update(spec.account, kTrainingJob, spec.name, [&](Record& job) {
    for (const auto& [metric, value] : metrics) record_metric(job, metric, value.time, value.value);
    record_event(job, event);
    if (event.phase == JobPhase::restarting) expect_retelling(job);
    parent = job.parent;
  });
  if (!is_end(event.phase)) return;
  {
    const std::lock_guard lock(mutex_);
    streams_.erase({spec.account, spec.name});
  }
  if (!parent.empty()) control_.outside.tuning_changed(spec.account, parent);
}

void TrainingNews::log(const JobSpec& spec, const std::string& host, const std::vector<std::string>& lines) {
  const Job job(spec.account, spec.name);
  std::int64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = streams_.find(job); known != streams_.end()) number = known->second;
  }
  if (number == 0) {
    const auto record = control_.records.find(spec.account, kTrainingJob, spec.name);
    number = static_cast<std::int64_t>(record ? record->created : now());
    const std::lock_guard lock(mutex_);
    streams_[job] = number;
  }
  control_.outside.log(spec.account, "/aws/sagemaker/TrainingJobs", text(spec.name, "/", host, "-", number), lines);
}

void TrainingNews::metric(const JobSpec& spec, const std::string& metric, double time, double value) {
  if (!std::isfinite(value)) return;
  control_.outside.put_metric(
      spec.account,
      {.space = "/aws/sagemaker/TrainingJobs", .name = metric, .dimensions = {{"TrainingJobName", spec.name}}}, time,
      value);
  {
    const std::lock_guard lock(mutex_);
    metrics_[{spec.account, spec.name}][metric] = {time, value};
  }
  const auto objective = spec.hyper_parameters.find("_tuning_objective_metric");
  if (objective != spec.hyper_parameters.end() && objective->second == metric) keep_objective(spec, value);
}

void TrainingNews::keep_objective(const JobSpec& spec, double value) {
  const auto found = control_.records.find(spec.account, kTrainingJob, spec.name);
  // Only those whose tuning job judges them on their way have a place for it.
  if (!found || !found->inner.contains("Objectives")) return;
  control_.records.update(spec.account, kTrainingJob, spec.name, [&](Record& job) {
    if (const std::size_t retold = job.inner.value("Retold", std::size_t{0}); retold > 0) {
      job.inner["Retold"] = retold - 1;
      return;
    }
    Json& objectives = job.inner["Objectives"];
    if (objectives.size() < kMostObjectives) objectives.push_back(value);
  });
  control_.outside.tuning_changed(spec.account, found->parent);
}

}  // namespace graft
