// Endpoints: Create, Describe, List, Update, Delete, and what hosting tells of them.
//
// A record keeps two specifications: "Spec", what the endpoint is to be, and "Before", what it was when it was last in
// service. An update that is rolled back makes the second the first again.
#pragma once

#include <vector>

#include "aws/operation.h"
#include "control/control.h"

namespace graft {

std::vector<aws::Operation> endpoint_operations(const Control& control);

// Hosting's news. Nothing for an endpoint that is not there or is being deleted.
void record_endpoint_state(const Control& control, const EndpointState& state);

// What a kill left: gives every endpoint to hosting again, and ends the deletion of those that were being deleted.
void resume_endpoints(const Control& control);

}  // namespace graft
