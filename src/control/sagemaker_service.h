// SageMaker's control plane as a table: every operation that graft has, and what it does with each field.
#pragma once

#include "aws/operation.h"
#include "control/control.h"

namespace graft {

// `control` must outlive it.
aws::Service sagemaker_service(const Control& control);

// docs/sagemaker-api.md.
std::string sagemaker_document(const aws::Service& service);

}  // namespace graft
