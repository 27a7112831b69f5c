// SageMaker Runtime: the calls under /endpoints/, in rest-json.
#pragma once

#include "control/control.h"
#include "http/exchange.h"

namespace graft {

// InvokeEndpoint; of the others, that they are not built. Answers errors too. Waits for the body and for the model.
Response invoke_endpoint(const Control& control, const Caller& caller, Exchange& exchange);

}  // namespace graft
