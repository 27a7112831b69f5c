// CloudWatch's operations on alarms.
#pragma once

#include <vector>

#include "aws/operation.h"
#include "watch/alarms.h"

namespace graft::metrics_api {

Json put_alarm(Alarms& alarms, const Caller& caller, const Json& input);
Json describe_alarms(Alarms& alarms, const Caller& caller, const Json& input);
// Names of none are passed over.
Json delete_alarms(Alarms& alarms, const Caller& caller, const Json& input);

std::vector<aws::Field> put_alarm_fields();
std::vector<aws::Field> describe_alarms_fields();

}  // namespace graft::metrics_api
