// Training jobs: Create, Describe, List, Stop, Delete, Update.
#pragma once

#include <vector>

#include "aws/operation.h"
#include "control/control.h"

namespace graft {

// `control` must outlive them.
std::vector<aws::Operation> training_operations(const Control& control);

// Makes the record of a job and submits it. `input` as CreateTrainingJob's; `inner`: more to keep in the record.
// Throws what CreateTrainingJob answers. Returns the ARN.
std::string start_training_job(const Control& control, const Caller& caller, const Json& input,
                               const std::string& parent = {}, const Json& inner = {});

// Nothing for a job that has ended.
void stop_training_job(const Control& control, const std::string& account, const std::string& name);

// What a kill left: submits the jobs that the runner was not told of, stops those that were to stop.
void resume_training_jobs(const Control& control);

// For a List operation: {Name, Arn, times, status}.
Json training_summary(const Record& job);

}  // namespace graft
