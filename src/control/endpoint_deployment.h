// DeploymentConfig: how an update of an endpoint takes the traffic over.
#pragma once

#include "base/json_forward.h"
#include "hosting/endpoint.h"

namespace graft {

// `config` as CreateEndpoint and UpdateEndpoint have it; `instances`: of the endpoint that takes over. Throws what
// AWS's service answers.
DeploymentSpec deployment_of(const Json& config, int instances);

}  // namespace graft
