// The fields of CreateHyperParameterTuningJob, and what graft does with each: for the checks, and for the document.
#pragma once

#include <vector>

#include "aws/operation.h"

namespace graft {

std::vector<aws::Field> create_tuning_job_fields();

}  // namespace graft
