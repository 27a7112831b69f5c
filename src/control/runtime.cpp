#include "control/runtime.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "control/resource.h"

namespace graft {
namespace {

constexpr std::size_t kMostBody = 6'291'456;
constexpr std::string_view kPrefix = "/endpoints/";

struct Limit {
  std::string_view header;
  std::size_t most;
};

constexpr std::array kLimits = {
    Limit{"Content-Type", 1024},
    Limit{"Accept", 1024},
    Limit{"X-Amzn-SageMaker-Custom-Attributes", 1024},
    Limit{"X-Amzn-SageMaker-Target-Model", 1024},
    Limit{"X-Amzn-SageMaker-Target-Variant", 63},
    Limit{"X-Amzn-SageMaker-Inference-Id", 64},
    Limit{"X-Amzn-SageMaker-Session-Id", 256},
};

constexpr std::array<std::string_view, 3> kRefused = {"X-Amzn-SageMaker-Target-Container-Hostname",
                                                      "X-Amzn-SageMaker-Enable-Explanations",
                                                      "X-Amzn-SageMaker-Inference-Component"};

Response runtime_error(int status, const std::string& code, const std::string& sentence) {
  return {.status = status,
          .content_type = "application/json",
          .body = Json{{"Message", sentence}, {"message", sentence}, {"code", code}}.dump(
              -1, ' ', false, Json::error_handler_t::replace),
          .headers = {{"x-amzn-ErrorType", code}}};
}

Error validation(const std::string& sentence) {
  return {Kind::invalid, "ValidationError", sentence};
}

// The endpoint's name, of "/endpoints/NAME/invocations".
std::string endpoint_in(const std::string& path) {
  const std::string_view rest = std::string_view(path).substr(std::min(path.size(), kPrefix.size()));
  const std::size_t slash = rest.find('/');
  const std::string_view call = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  if (call == "invocations-response-stream" || call == "async-invocations") {
    throw validation(text("graft does not have the call ", call, ": use InvokeEndpoint"));
  }
  if (call != "invocations") throw Error(Kind::not_found, "UnknownOperationException", text("There is no call ", path));
  return std::string(rest.substr(0, slash));
}

void check_headers(const Headers& headers) {
  for (const Limit& limit : kLimits) {
    const auto value = find_header(headers, limit.header);
    if (value && value->size() > limit.most) {
      throw validation(text("The header ", limit.header, " has ", value->size(), " characters, and at most ",
                            limit.most, " are allowed"));
    }
  }
  for (const std::string_view refused : kRefused) {
    const auto value = find_header(headers, refused);
    if (value && !value->empty()) throw validation(text("graft does not have what the header ", refused, " asks for"));
  }
}

Response invoke(const Control& control, const Caller& caller, Exchange& exchange) {
  Request request = exchange.request();
  const std::string name = endpoint_in(request.path);
  if (request.method != "POST") throw validation("An endpoint is invoked with POST");
  check_headers(request.headers);
  // A name with '_' is graft's own: no user can make one. Hosting knows which of the others are there.
  if (name.find('_') != std::string::npos) {
    throw validation(text("Endpoint ", name, " of account ", caller.account, " not found."));
  }
  try {
    request.body = read_all(exchange, kMostBody);
  } catch (const Error& error) {
    if (error.code() != "EntityTooLarge") throw;
    throw validation(text("The request's body has more than ", kMostBody, " bytes"));
  }
  return control.outside.invoke(caller.account, name, request);
}

}  // namespace

Response invoke_endpoint(const Control& control, const Caller& caller, Exchange& exchange) {
  try {
    return invoke(control, caller, exchange);
  } catch (const Error& error) {
    switch (error.kind()) {
      case Kind::invalid:
      case Kind::conflict:
        return runtime_error(400, error.code().empty() ? "ValidationError" : error.code(), error.what());
      case Kind::denied:
        return runtime_error(403, error.code().empty() ? "AccessDeniedException" : error.code(), error.what());
      case Kind::not_found:
        return runtime_error(404, error.code().empty() ? "ValidationError" : error.code(), error.what());
      case Kind::unavailable:
        return runtime_error(503, "ServiceUnavailable", error.what());
      case Kind::internal:
        break;
    }
    spdlog::error("an invocation failed: {}", error.what());
  } catch (const std::exception& error) {
    spdlog::error("an invocation failed: {}", error.what());
  }
  return runtime_error(500, "InternalFailure", "An internal failure occurred");
}

}  // namespace graft
