// What the operations of CloudWatch Logs share: names, and the errors for what is not there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aws/check.h"
#include "base/json_forward.h"

namespace graft::logs_api {

extern const aws::TextRule kGroup, kStream;
extern const aws::NumberRule kTime;
constexpr std::size_t kMostPageBytes = 1 << 20;

[[noreturn]] void invalid(const std::string& sentence);
// "The specified log group does not exist."
[[noreturn]] void missing(std::string_view what);

// The name in logGroupName, or in logGroupIdentifier, which may be an ARN.
std::string group_of(const Json& input);

}  // namespace graft::logs_api
