// Hyper-parameter tuning: Create, Describe, List, Stop, ListTrainingJobsForHyperParameterTuningJob. tuning_work.h
// starts the training jobs.
#pragma once

#include <vector>

#include "aws/operation.h"
#include "control/control.h"

namespace graft {

std::vector<aws::Operation> tuning_operations(const Control& control);

}  // namespace graft
