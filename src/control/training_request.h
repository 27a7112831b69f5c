// CreateTrainingJob's request: what it must be, and the job that it asks for.
#pragma once

#include "control/control.h"

namespace graft {

// Throws what AWS's service answers. `input` is as CreateTrainingJob has it.
void check_training_request(const Json& input);

// The job. `document` is a training job's record, which has the request's fields. REQUIRES: the request was checked.
JobSpec training_job_spec(const Record& record);

// Throws when a channel has no objects.
void check_channels(const Control& control, const Caller& caller, const Json& input);

}  // namespace graft
