// Batch transform: Create, Describe, List, Stop. transform_work.h does what these ask for.
#pragma once

#include <vector>

#include "aws/operation.h"
#include "control/control.h"

namespace graft {

std::vector<aws::Operation> transform_operations(const Control& control);

}  // namespace graft
