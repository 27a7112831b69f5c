// Models: Create, Describe, List, Delete.
#pragma once

#include <vector>

#include "aws/operation.h"
#include "control/control.h"

namespace graft {

std::vector<aws::Operation> model_operations(const Control& control);

// What a variant needs of a model: its data, image, environment. Throws when the model is missing.
VariantSpec variant_of_model(const Control& control, const Caller& caller, const std::string& model);

// The image as the model's request has it, for DescribeEndpoint.
std::string image_of_model(const Record& model);

}  // namespace graft
