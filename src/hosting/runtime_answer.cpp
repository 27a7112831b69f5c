#include "hosting/runtime_answer.h"

#include "base/json.h"

namespace graft {
namespace {

constexpr std::size_t kMostOfAMessage = 1024;
constexpr int kModelErrorStatus = 424;

int status_of(std::string_view code) {
  if (code == kValidationError) return 400;
  if (code == kModelNotReady) return 429;
  if (code == kServiceUnavailable) return 503;
  return 500;
}

Response answer(int status, std::string_view code, const Json& body) {
  return {.status = status,
          .content_type = "application/json",
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace),
          .headers = {{"x-amzn-ErrorType", std::string(code)}}};
}

// What the model said, as far as it is text that fits.
std::string quoted(std::string_view message) {
  return std::string(message.substr(0, kMostOfAMessage));
}

}  // namespace

Response runtime_answer(const Error& error) {
  const bool known = status_of(error.code()) != 500;
  const std::string code = known ? error.code() : "InternalFailure";
  // Clients read either spelling.
  return answer(status_of(code), code, {{"Message", error.what()}, {"message", error.what()}});
}

Error endpoint_not_found(std::string_view account, std::string_view name) {
  return {Kind::invalid, kValidationError, text("Endpoint ", name, " of account ", account, " not found.")};
}

Response model_error(const EndpointName& endpoint, int status, std::string_view message) {
  const bool of_client = status >= 400 && status < 500;
  const std::string group = "/aws/sagemaker/Endpoints/" + endpoint.name, original = quoted(message);
  const std::string sentence =
      text("Received ", of_client ? "client" : "server", " error (", status, ") from primary with message \"", original,
           "\". See the log group ", group, " in account ", endpoint.account, " for more information.");
  return answer(kModelErrorStatus, "ModelError",
                {{"ErrorCode", of_client ? "CLIENT_ERROR_FROM_MODEL" : "INTERNAL_FAILURE_FROM_MODEL"},
                 {"LogStreamArn", text("arn:aws:logs:", endpoint.region, ":", endpoint.account, ":log-group:", group)},
                 {"Message", sentence},
                 {"message", sentence},
                 {"OriginalMessage", original},
                 {"OriginalStatusCode", status}});
}

}  // namespace graft
