// What a runner tells of a training job, as SageMaker says it: statuses with their times, final metrics, logs, metrics.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "control/control.h"

namespace graft {

// The job goes over to this secondary status with its message, at this time; the one before ends. Nothing when it is in
// both already.
void enter(Record& job, const std::string& secondary_status, const std::string& message, double time);

// Nothing for a job that has ended.
void record_event(Record& job, const JobEvent& event);

void record_metric(Record& job, const std::string& metric, double time, double value);

// Puts all that the runner tells where clients look for it. Thread-safe.
class TrainingNews {
 public:
  explicit TrainingNews(Control control) : control_(control) {}

  void event(const JobSpec& spec, const JobEvent& event);
  void log(const JobSpec& spec, const std::string& host, const std::vector<std::string>& lines);
  void metric(const JobSpec& spec, const std::string& metric, double time, double value);

 private:
  using Job = std::pair<std::string, std::string>;  // account and name
  struct Value {
    double time = 0, value = 0;
  };
  std::map<std::string, Value> take_metrics(const Job& job);
  void keep_objective(const JobSpec& spec, double value);

  Control control_;
  std::mutex mutex_;
  // The last values of each job's metrics that are not in its record yet: they come faster than a disk syncs.
  std::map<Job, std::map<std::string, Value>> metrics_{};  // guarded by mutex_
  std::map<Job, std::int64_t> streams_{};                  // guarded by mutex_: the number in the names of its streams
};

}  // namespace graft
