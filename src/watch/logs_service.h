// CloudWatch Logs' API over Logs.
#pragma once

#include "aws/operation.h"
#include "watch/logs.h"

namespace graft {

// For aws::answer_json. `logs` must outlive it.
aws::Service logs_service(Logs& logs);

}  // namespace graft
