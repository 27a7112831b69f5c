// A service's table in tests.
#pragma once

#include <string>
#include <string_view>

#include "aws/operation.h"
#include "base/error.h"
#include "base/json.h"

namespace graft {

// "Code: message" of what the operation throws; empty when it throws nothing.
inline std::string refusal(const aws::Service& service, const Caller& caller, std::string_view operation,
                           const Json& input) {
  try {
    aws::call(service, caller, operation, input);
  } catch (const Error& error) {
    return error.code() + ": " + error.what();
  }
  return "";
}

}  // namespace graft
