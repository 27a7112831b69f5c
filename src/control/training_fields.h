// The fields of the training jobs' operations, and what graft does with each: for the checks, and for the document.
#pragma once

#include <vector>

#include "aws/operation.h"

namespace graft {

std::vector<aws::Field> create_training_job_fields();
std::vector<aws::Field> list_training_jobs_fields();
std::vector<aws::Field> update_training_job_fields();

// What the List operations of all kinds take.
std::vector<aws::Field> list_fields(bool with_status);

}  // namespace graft
