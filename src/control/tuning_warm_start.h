// WarmStartConfig of a tuning job: what its parents have tried, kept in the record of the new job, so that it is the
// same after a kill and when a parent is deleted.
// https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html
#pragma once

#include <vector>

#include "control/control.h"
#include "control/tuning_search.h"

namespace graft {

// What a new job is to know of its parents; null where the request names none. Throws what AWS's service answers.
// REQUIRES: the rest of the request was checked.
Json warm_start_of(const Control& control, const Caller& caller, const Json& request);

// What the parents have tried, of which the new job could try the same.
std::vector<Trial> warm_trials(const Record& tuning);

// The best of its training jobs and of its parents', of a warm start with the same data; null for other jobs, and where
// there is none yet.
Json overall_best(const Record& tuning, const std::vector<Record>& trainings);

}  // namespace graft
