// The fields of the endpoints' operations, and what graft does with each: for the checks, and for the document.
#pragma once

#include <vector>

#include "aws/operation.h"

namespace graft {

std::vector<aws::Field> create_endpoint_config_fields();
std::vector<aws::Field> create_endpoint_fields();
std::vector<aws::Field> update_endpoint_fields();
std::vector<aws::Field> update_weights_fields();

}  // namespace graft
