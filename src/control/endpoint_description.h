// DescribeEndpoint's answer.
#pragma once

#include <optional>

#include "control/control.h"

namespace graft {

// `state`: what hosting says of it now, where it knows it.
Json describe_endpoint(const Record& endpoint, const std::optional<EndpointState>& state);

}  // namespace graft
