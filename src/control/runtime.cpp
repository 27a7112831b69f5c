#include "control/runtime.h"

#include <algorithm>
#include <array>

#include "aws/answer.h"
#include "control/resource.h"
#include "control/tags.h"

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

Error validation(const std::string& sentence) {
  return {Kind::invalid, "ValidationError", sentence};
}

struct Invoked {
  std::string account{}, name{};
};

// Of "/endpoints/NAME/invocations".
Invoked invoked_by(const Caller& caller, const std::string& path) {
  const std::string_view rest = std::string_view(path).substr(std::min(path.size(), kPrefix.size()));
  const std::size_t slash = rest.find('/');
  const std::string_view call = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  if (call == "invocations-response-stream" || call == "async-invocations") {
    throw validation(text("graft does not have the call ", call, ": use InvokeEndpoint"));
  }
  if (call != "invocations") throw Error(Kind::not_found, "UnknownOperationException", text("There is no call ", path));
  const std::string_view name = rest.substr(0, slash);
  // Names have no dots.
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return {caller.account, std::string(name)};
  return {std::string(name.substr(0, dot)), std::string(name.substr(dot + 1))};
}

Error not_found(const Invoked& invoked) {
  return validation(text("Endpoint ", invoked.name, " of account ", invoked.account, " not found."));
}

// Throws unless others than its account may invoke it. Whether it is there is not theirs to know.
void check_public(const Control& control, const Caller& caller, const Invoked& invoked) {
  const auto endpoint = control.records.find(invoked.account, kEndpoint, invoked.name);
  if (endpoint && tag_of(*endpoint, kPublicTag) == "true") return;
  if (!caller.anonymous()) throw not_found(invoked);
  throw Error(Kind::denied, "MissingAuthenticationToken",
              "this call must be signed; without a signature public endpoints answer, under the name ACCOUNT.NAME");
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

Response invoke(const Control& control, Strangers& strangers, const Caller& caller, Exchange& exchange) {
  Request request = exchange.request();
  const Invoked invoked = invoked_by(caller, request.path);
  if (request.method != "POST") throw validation("An endpoint is invoked with POST");
  std::optional<Strangers::Visit> visit;
  if (caller.anonymous() || invoked.account != caller.account) {
    check_public(control, caller, invoked);
    visit.emplace(strangers, request.client, now());
  }
  check_headers(request.headers);
  // A name with '_' is graft's own: no user can make one. Hosting knows which of the others are there.
  if (invoked.name.find('_') != std::string::npos) throw not_found(invoked);
  try {
    request.body = read_all(exchange, kMostBody);
  } catch (const Error& error) {
    if (error.code() != "EntityTooLarge") throw;
    throw validation(text("The request's body has more than ", kMostBody, " bytes"));
  }
  return control.outside.invoke(invoked.account, invoked.name, request);
}

}  // namespace

Response invoke_endpoint(const Control& control, Strangers& strangers, const Caller& caller, Exchange& exchange) {
  try {
    return invoke(control, strangers, caller, exchange);
  } catch (const std::exception& error) {
    return aws::rest_error(error);
  }
}

}  // namespace graft
