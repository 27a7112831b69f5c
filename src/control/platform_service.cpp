#include "control/platform_service.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "aws/answer.h"
#include "base/error.h"
#include "base/json.h"
#include "identity/canonical.h"
#include "s3/errors.h"

namespace graft {
namespace {

// What a call was, for the audit log.
struct Record {
  std::string service = "other";  // for the counters: names that strangers make up must not fill the memory
  Caller caller{};
  std::string operation{}, resource{};
  int status = 200;
  std::string code{};
};

struct Call {
  const PlatformServices& services;
  const Route& route;
  SignedExchange& exchange;
};

// Operations that only read, by the first word of their names. Keys and tokens are given by some that sound so.
bool changes_something(std::string_view operation) {
  static constexpr std::array<std::string_view, 10> kReading{"Get",    "Head",   "List",     "Describe", "Filter",
                                                             "Search", "Select", "BatchGet", "Invoke",   "Test"};
  static constexpr std::array<std::string_view, 2> kGiving{"GetSessionToken", "GetAuthorizationToken"};
  if (std::ranges::find(kGiving, operation) != kGiving.end()) return true;
  return std::ranges::none_of(kReading, [&](std::string_view word) { return operation.starts_with(word); });
}

// What is missing, or not as a condition says, is no refusal: clients ask whether something is there. Nor is a failure,
// also not a model's (424).
bool is_refusal(int status) {
  return status >= 400 && status < 500 && status != 404 && status != 412 && status != 416 && status != 424;
}

Json input_of(const Request& request) {
  try {
    return parse_json(as_text(request.body), "the body");
  } catch (const Error&) {
    return nullptr;  // the service says so to the client
  }
}

// The name in an input: of CreateTrainingJob it is TrainingJobName.
std::string resource_in(std::string_view operation, const Json& input) {
  if (!input.is_object()) return "";
  const auto lower = std::ranges::find_if(operation.substr(std::min<std::size_t>(1, operation.size())),
                                          [](char c) { return c >= 'A' && c <= 'Z'; });
  const std::string noun(lower, operation.end());
  for (const std::string& key : {noun + "Name", noun + "Arn", std::string("ResourceArn"), std::string("EndpointName"),
                                 std::string("logGroupName"), std::string("repositoryName"), std::string("RoleName"),
                                 std::string("RoleArn"), std::string("AccessKeyId"), std::string("UserName")}) {
    const auto found = input.find(key);
    if (found != input.end() && found->is_string()) return found->get<std::string>();
  }
  return "";
}

Response object_error(const std::exception& error, const Request& request) {
  return s3::error_answer(s3::wire_error(error), request);
}

Response error_of(Door door, const std::exception& error, const Request& request) {
  switch (door) {
    case Door::json:
      return aws::json_error(error, request);
    case Door::query:
      return aws::query_error(error);
    case Door::runtime:
      return aws::rest_error(error);
    case Door::objects:
      return object_error(error, request);
    case Door::own:
      break;
  }
  return error_response(error);
}

std::string code_of(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  return known ? known->code() : "";
}

// The code of an error that a service answered by itself.
std::string code_of(const Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "x-amzn-ErrorType") return value;
  }
  return "";
}

void check_caller(const Caller& caller, std::string_view signing_name) {
  if (caller.anonymous()) throw Error(Kind::denied, "MissingAuthenticationToken", "this call must be signed");
  if (caller.service != signing_name) {
    throw Error(
        Kind::denied, "SignatureDoesNotMatch",
        text("Credential should be scoped to correct service: '", signing_name, "', not '", caller.service, "'"));
  }
}

Request whole_request(const Call& call) {
  Request request = call.exchange.request();
  request.body = read_all(call.exchange, call.services.admission.most_signed_body);
  return request;
}

Response answer_json(const Call& call, Record& record) {
  const std::string target(find_header(call.exchange.request().headers, "x-amz-target").value_or(""));
  const std::size_t dot = target.rfind('.');
  record.operation = target.substr(dot == std::string::npos ? 0 : dot + 1);
  const auto service = std::ranges::find_if(call.services.json, [&](const aws::Service& candidate) {
    return target.starts_with(std::string(candidate.target_prefix) + '.');
  });
  if (service == call.services.json.end()) {
    throw Error(Kind::invalid, "UnknownOperationException",
                text("graft does not have the operation ", target.substr(0, 200)));
  }
  record.service = service->signing_name;
  check_caller(record.caller, service->signing_name);
  const Request request = whole_request(call);
  Response response = aws::answer_json(*service, record.caller, request);
  if (changes_something(record.operation) || is_refusal(response.status)) {
    record.resource = resource_in(record.operation, input_of(request));
  }
  return response;
}

std::map<std::string, std::string> form_of(const Request& request) {
  if (request.method != "GET") return aws::parse_form(as_text(request.body));
  auto form = aws::parse_form(sent_target(request.target).query);
  std::erase_if(form, [](const auto& field) { return field.first.starts_with("X-Amz-"); });  // a presigned address
  return form;
}

// Of a form, or of the path "/service/SERVICE/operation/NAME" of a newer protocol.
std::string operation_of(const Request& request, const std::map<std::string, std::string>& form) {
  if (request.path.starts_with("/service/")) return request.path.substr(request.path.rfind('/') + 1);
  const auto found = form.find("Action");
  return found == form.end() ? "" : found->second;
}

Response answer_query(const Call& call, Record& record) {
  const std::string& name = call.route.signing_name;
  const auto service = std::ranges::find_if(
      call.services.query, [&](const QueryService& candidate) { return candidate.signing_name == name; });
  if (service == call.services.query.end() && !name.empty()) {
    throw Error(Kind::invalid, "NotImplemented", text("graft does not have the service ", name, " with this call"));
  }
  check_caller(record.caller, name);
  record.service = name;
  const Request request = whole_request(call);
  const auto form = request.path == "/" ? form_of(request) : std::map<std::string, std::string>();
  record.operation = operation_of(request, form);
  record.resource = resource_in(record.operation, Json(form));
  return service->answer(record.caller, request);
}

Response answer_runtime(const Call& call, Record& record) {
  record.service = "runtime";
  record.operation = "InvokeEndpoint";
  record.resource = call.exchange.request().path;
  // It has endpoints that answer everybody.
  if (!record.caller.anonymous()) check_caller(record.caller, "sagemaker");
  return call.services.runtime(record.caller, call.exchange);
}

// Answers the exchange.
void answer(const Call& call, Record& record) {
  if (call.route.door == Door::objects) {
    const ObjectService::Done done = call.services.objects(call.exchange);
    const Caller& caller = done.caller.anonymous() ? record.caller : done.caller;  // a form names its own
    record = {"s3", Caller(caller), done.operation, done.resource, done.status, done.code};
    return;
  }
  Response response;
  try {
    response = call.route.door == Door::json    ? answer_json(call, record)
               : call.route.door == Door::query ? answer_query(call, record)
                                                : answer_runtime(call, record);
    record.code = code_of(response);
  } catch (const std::exception& error) {
    response = error_of(call.route.door, error, call.exchange.request());
    record.code = code_of(error);
  }
  record.status = response.status;
  call.exchange.answer(std::move(response));
}

// Who did not get in: all that is known of him is what he says.
void refuse(const Route& route, const std::exception& error, Exchange& exchange, Record& record) {
  const Request& request = exchange.request();
  Response response = error_of(route.door, error, request);
  if (route.door == Door::objects) record.service = "s3";
  record.operation = std::string(find_header(request.headers, "x-amz-target").value_or(request.method));
  record.resource = request.path;
  record.caller.service = route.signing_name;
  record.code = code_of(error);
  record.status = response.status;
  exchange.answer(std::move(response));
}

Record answer_signed(const PlatformServices& services, const Route& route, const std::shared_ptr<Exchange>& exchange) {
  Record record;
  std::shared_ptr<SignedExchange> admitted;
  try {
    admitted = admit(services.identity, exchange, services.admission);
  } catch (const std::exception& error) {
    refuse(route, error, *exchange, record);
    return record;
  }
  record.caller = admitted->caller();
  if (record.caller.service.empty()) record.caller.service = route.door == Door::objects ? "s3" : route.signing_name;
  answer({services, route, *admitted}, record);
  return record;
}

}  // namespace

QueryService query_service(aws::Service service, std::string_view version, std::string_view xmlns) {
  std::string name(service.signing_name);
  const auto answer = [service = std::move(service), version, xmlns](const Caller& caller, const Request& request) {
    const auto form = form_of(request);
    const std::string operation = operation_of(request, form);
    const auto said = form.find("Version");
    if (operation.empty() || said == form.end() || said->second != version) {
      throw Error(Kind::invalid, "InvalidAction",
                  text("Could not find operation ", operation.substr(0, 200), " for version ",
                       said == form.end() ? "" : said->second.substr(0, 40)));
    }
    return aws::query_answer(operation, xmlns, aws::call(service, caller, operation, aws::form_as_json(form)));
  };
  return {std::move(name), answer};
}

Route route_of(const PlatformServices& services, const Request& request) {
  const bool bucket = services.admission.bucket_in_host && !services.admission.bucket_in_host(request).empty();
  return route(request, bucket);
}

void serve(const PlatformServices& services, const std::shared_ptr<Exchange>& exchange) {
  const auto begin = std::chrono::steady_clock::now();
  const Request& request = exchange->request();
  const Route route = route_of(services, request);
  Record record;
  if (route.door == Door::own) {
    record.service = "graft";
    Response response = services.own(request);
    record.status = response.status;
    exchange->answer(std::move(response));
  } else {
    record = answer_signed(services, route, exchange);
    if (is_refusal(record.status) || changes_something(record.operation)) {
      services.identity.audit(record.caller, request.client, record.operation, record.resource, record.status,
                              record.code);
    }
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  services.metrics.request(record.service, record.status, seconds.count());
}

}  // namespace graft
