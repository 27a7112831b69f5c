// What CloudWatch Logs' API answers of groups, streams and events.
#pragma once

#include "base/json_forward.h"
#include "identity/caller.h"
#include "watch/logs.h"

namespace graft::logs_api {

Json describe_groups(const Logs& logs, const Caller& caller, const Json& input);
Json describe_streams(const Logs& logs, const Caller& caller, const Json& input);
Json get_events(const Logs& logs, const Caller& caller, const Json& input);
// Lines of several streams, in the order of their times.
Json filter_events(const Logs& logs, const Caller& caller, const Json& input);

}  // namespace graft::logs_api
