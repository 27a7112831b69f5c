// SageMaker Runtime: the calls under /endpoints/, in rest-json.
#pragma once

#include "control/control.h"
#include "control/strangers.h"
#include "http/exchange.h"

namespace graft {

// InvokeEndpoint; of the others, that they are not built. Answers errors too. Waits for the body and for the model.
//
// "NAME" is an endpoint of the caller's account, "ACCOUNT.NAME" one of any account, which answers others, who may be
// anonymous, when its tag graft:public says so.
Response invoke_endpoint(const Control& control, Strangers& strangers, const Caller& caller, Exchange& exchange);

}  // namespace graft
