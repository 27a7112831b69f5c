#include "control/training_job.h"

#include "base/log.h"
#include "control/fields.h"
#include "control/resource.h"
#include "control/tags.h"
#include "control/training_events.h"
#include "control/training_fields.h"
#include "control/training_request.h"

namespace graft {
namespace {

// The request with what SageMaker adds to it, as Describe answers it.
Json first_document(const Json& input, const std::string& arn) {
  Json document = input;
  document.erase("Tags");
  document["TrainingJobArn"] = arn;
  document["ModelArtifacts"] = {{"S3ModelArtifacts", ""}};
  document.emplace("HyperParameters", Json::object());
  for (const char* flag :
       {"EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"}) {
    document.emplace(flag, false);
  }
  document["AlgorithmSpecification"].emplace("EnableSageMakerMetricsTimeSeries", false);
  // The SDK's attach() reads it without asking whether it is there.
  document["OutputDataConfig"].emplace("KmsKeyId", "");
  document["StoppingCondition"].emplace("MaxRuntimeInSeconds", 86400);
  for (Json& channel : document["InputDataConfig"]) {
    channel.emplace("CompressionType", "None");
    channel.emplace("RecordWrapperType", "None");
    channel["DataSource"]["S3DataSource"].emplace("S3DataDistributionType", "FullyReplicated");
  }
  if (document["InputDataConfig"].is_null()) document.erase("InputDataConfig");
  const bool profiles =
      document.contains("ProfilerConfig") && !document["ProfilerConfig"].value("DisableProfiler", false);
  document["ProfilingStatus"] = profiles ? "Enabled" : "Disabled";
  return document;
}

Json create_training_job(const Control& control, const Caller& caller, const Json& input) {
  return {{"TrainingJobArn", start_training_job(control, caller, input)}};
}

Json describe_training_job(const Control& control, const Caller& caller, const Json& input) {
  const Record job =
      find_or_fail(control.records, caller, kTrainingJob, aws::text_of(input, "TrainingJobName", fields::job_name()));
  Json answer = described(job, "TrainingJobStatus");
  if (!job.parent.empty()) answer["TuningJobArn"] = job.inner.at("TuningJobArn");
  return answer;
}

Json list_training_jobs(const Control& control, const Caller& caller, const Json& input) {
  return list_records(control.records, caller, kTrainingJob, input, "TrainingJobSummaries", training_summary);
}

Json stop(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "TrainingJobName", fields::job_name());
  const Record job = find_or_fail(control.records, caller, kTrainingJob, name);
  require_going_on(job);
  stop_training_job(control, caller.account, name);
  return nullptr;
}

Json delete_training_job(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "TrainingJobName", fields::job_name());
  const Record job = find_or_fail(control.records, caller, kTrainingJob, name);
  require_ended(job);
  control.outside.erase_job(caller.account, name);
  control.records.erase(caller.account, kTrainingJob, name);
  return nullptr;
}

Json update_training_job(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "TrainingJobName", fields::job_name());
  const Record job = find_or_fail(control.records, caller, kTrainingJob, name);
  require_going_on(job);
  control.records.update(caller.account, kTrainingJob, name, [&](Record& record) {
    const Json changes =
        fields::part_of(input, {"ProfilerConfig", "ProfilerRuleConfigurations", "RemoteDebugConfig", "ResourceConfig"});
    record.document.merge_patch(changes);
  });
  return {{"TrainingJobArn", job.document.at("TrainingJobArn")}};
}

// The runner has it when this returns.
void submit(const Control& control, const Record& job) {
  try {
    control.outside.submit_job(training_job_spec(job));
  } catch (const Error& error) {
    // The runner had heard of it before a kill.
    if (error.kind() != Kind::conflict) throw;
  }
  bool stopping = false;
  control.records.update(job.account, kTrainingJob, job.name, [&](Record& record) {
    record.inner["Submitted"] = true;
    stopping = record.status == "Stopping";
  });
  // The runner did not know it when somebody asked for that.
  if (stopping) control.outside.stop_job(job.account, job.name);
}

// Of one that a kill kept from the runner.
void submit_again(const Control& control, const Record& job) {
  try {
    submit(control, job);
  } catch (const Error& error) {
    spdlog::warn("the training job {} cannot be started: {}", job.name, error.what());
    control.records.update(job.account, kTrainingJob, job.name, [&](Record& record) {
      record_event(record, {.phase = JobPhase::failed, .time = now(), .message = text("ClientError: ", error.what())});
    });
  }
}

}  // namespace

std::string start_training_job(const Control& control, const Caller& caller, const Json& input,
                               const std::string& parent, const Json& inner) {
  check_training_request(input);
  const std::string name = input.at("TrainingJobName"), arn = arn_of(caller, kTrainingJob, name);
  if (control.records.find(caller.account, kTrainingJob, name)) throw there_already(caller, kTrainingJob, name);
  check_channels(control, caller, input);
  Record job = new_record(caller, kTrainingJob, name, input);
  job.parent = parent;
  job.status = "InProgress";
  job.document = first_document(input, arn);
  if (inner.is_object()) job.inner.update(inner);
  enter(job, "Starting", "Starting the training job", job.created);
  create_or_fail(control.records, caller, job);
  try {
    submit(control, job);
  } catch (const Error& error) {
    control.records.erase(caller.account, kTrainingJob, name);
    if (error.kind() == Kind::invalid && error.code().empty()) throw validation_error(error.what());
    throw;
  }
  return arn;
}

void stop_training_job(const Control& control, const std::string& account, const std::string& name) {
  bool ended = true;
  control.records.update(account, kTrainingJob, name, [&](Record& job) {
    ended = has_ended(job);
    if (ended || job.status == "Stopping") return;
    job.status = "Stopping";
    enter(job, "Stopping", "Stopping the training job", now());
  });
  if (!ended) control.outside.stop_job(account, name);
}

void resume_training_jobs(const Control& control) {
  for (const char* status : {"InProgress", "Stopping"}) {
    for (const Record& job : control.records.in_status(kTrainingJob, status)) {
      if (!job.inner.value("Submitted", false)) {
        submit_again(control, job);
      } else if (job.status == "Stopping") {
        control.outside.stop_job(job.account, job.name);
      }
    }
  }
}

Json training_summary(const Record& job) {
  return summary_of(job, {"TrainingJobName", "TrainingJobArn", "TrainingEndTime", "SecondaryStatus"},
                    "TrainingJobStatus");
}

std::vector<aws::Operation> training_operations(const Control& control) {
  return {{"CreateTrainingJob", create_training_job_fields(), bound(control, create_training_job)},
          {"DescribeTrainingJob", {{"TrainingJobName", aws::Support::done}}, bound(control, describe_training_job)},
          {"ListTrainingJobs", list_training_jobs_fields(), bound(control, list_training_jobs)},
          {"StopTrainingJob", {{"TrainingJobName", aws::Support::done}}, bound(control, stop)},
          {"DeleteTrainingJob", {{"TrainingJobName", aws::Support::done}}, bound(control, delete_training_job)},
          {"UpdateTrainingJob", update_training_job_fields(), bound(control, update_training_job)}};
}

}  // namespace graft
