// The runtime's answers other than a model's own, in SageMaker's form: a status, x-amzn-ErrorType, and a JSON body.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace graft {

// Codes of Errors that runtime_answer() knows.
constexpr char kValidationError[] = "ValidationError";
constexpr char kServiceUnavailable[] = "ServiceUnavailable";
constexpr char kModelNotReady[] = "ModelNotReadyException";

Response runtime_answer(const Error& error);

// What an endpoint is called in messages.
struct EndpointName {
  std::string account{}, region{}, name{};
};
Error endpoint_not_found(std::string_view account, std::string_view name);

// ModelError: the model answered `status` with `message`; 0 where it did not answer.
Response model_error(const EndpointName& endpoint, int status, std::string_view message);

}  // namespace graft
