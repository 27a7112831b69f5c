// What CloudWatch's API answers of metrics, and how it takes them.
#pragma once

#include "base/json_forward.h"
#include "identity/caller.h"
#include "watch/metrics.h"

namespace graft::metrics_api {

Json get_statistics(const Metrics& metrics, const Caller& caller, const Json& input);
Json get_data(const Metrics& metrics, const Caller& caller, const Json& input);
Json list_metrics(const Metrics& metrics, const Caller& caller, const Json& input);
Json put_data(Metrics& metrics, const Caller& caller, const Json& input);

}  // namespace graft::metrics_api
