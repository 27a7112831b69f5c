// Endpoint configurations: Create, Describe, List, Delete; and the endpoint that one describes.
#pragma once

#include <vector>

#include "aws/operation.h"
#include "control/control.h"

namespace graft {

std::vector<aws::Operation> endpoint_config_operations(const Control& control);

// The endpoint `name` with this configuration; the deployment is not set. Throws when one of its models is missing.
EndpointSpec endpoint_spec(const Control& control, const Caller& caller, const std::string& name, const Record& config);

}  // namespace graft
