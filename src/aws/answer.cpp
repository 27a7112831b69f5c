#include "aws/answer.h"

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <random>

#include "aws/body.h"
#include "aws/xml_text.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"

namespace graft::aws {
namespace {

constexpr std::string_view kJson10 = "application/x-amz-json-1.0", kJson11 = "application/x-amz-json-1.1";

std::string printed(const Json& json) {
  // Messages quote what clients sent, and logs hold what programs print: neither need be UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view json_version(const Request& request) {
  const std::string_view type = find_header(request.headers, "content-type").value_or("");
  return type.starts_with(kJson10) ? kJson10 : kJson11;
}

// Signatures are checked once for all services, with S3's words; the others have words of their own.
struct Renamed {
  std::string_view s3, json, query;
};
constexpr Renamed kRenamed[] = {
    {"SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch"},
    {"RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch"},
    {"AuthorizationHeaderMalformed", "IncompleteSignatureException", "IncompleteSignature"},
    {"InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId"},
    {"InvalidToken", "UnrecognizedClientException", "InvalidClientTokenId"},
    {"ExpiredToken", "ExpiredTokenException", "ExpiredToken"},
    {"AccessDenied", "AccessDeniedException", "AccessDenied"},
};

// Codes of CloudWatch that are not their shape's name without "Exception".
constexpr std::pair<std::string_view, std::string_view> kQueryCodes[] = {
    {"ValidationException", "ValidationError"},     {"MissingRequiredParameterException", "MissingParameter"},
    {"LimitExceededFault", "LimitExceeded"},        {"InternalServiceFault", "InternalServiceError"},
    {"UnknownOperationException", "InvalidAction"},
};

std::string query_code(std::string_view code) {
  for (const auto& [shape, name] : kQueryCodes) {
    if (code == shape) return std::string(name);
  }
  static constexpr std::string_view kSuffix = "Exception";
  if (code.size() > kSuffix.size() && code.ends_with(kSuffix)) code.remove_suffix(kSuffix.size());
  return std::string(code);
}

std::string code_of(Kind kind) {
  switch (kind) {
    case Kind::invalid:
      return "ValidationException";
    case Kind::denied:
      return "AccessDeniedException";
    case Kind::not_found:
      return "ResourceNotFound";
    case Kind::conflict:
      return "ConflictException";
    case Kind::unavailable:
      return "ServiceUnavailable";
    case Kind::internal:
      break;
  }
  return "InternalFailure";
}

// Of a protocol that uses them all; awsJson says 400 to everything that the client can change.
int status_of(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  return known ? status_of(known->kind()) : 500;
}

Response with_id(Response response) {
  response.headers.emplace_back("x-amzn-RequestId", request_id());
  return response;
}

Response json_error(const WireError& wire, std::string_view version) {
  const Json body = {{"__type", wire.code}, {"message", wire.message}, {"Message", wire.message}};
  Response response{wire.status, std::string(version), printed(body)};
  response.headers.emplace_back("x-amzn-ErrorType", wire.code);
  return with_id(std::move(response));
}

void add_query_error(Response& response, const WireError& wire, const Request& request) {
  if (find_header(request.headers, "x-amzn-query-mode") != "true") return;
  response.headers.emplace_back("x-amzn-query-error", wire.query_code + (wire.sender() ? ";Sender" : ";Receiver"));
}

std::string_view operation_name(const Service& service, const Request& request) {
  const std::string_view target = find_header(request.headers, "x-amz-target").value_or("");
  const std::size_t dot = target.rfind('.');
  if (dot == std::string_view::npos || target.substr(0, dot) != service.target_prefix) {
    throw Error(Kind::invalid, "UnknownOperationException",
                text("the header X-Amz-Target is \"", target.substr(0, 200), "\", not \"", service.target_prefix,
                     ".\" and the name of an operation"));
  }
  return target.substr(dot + 1);
}

Json input_of(const Request& request) {
  const Bytes body = plain_body(request);
  if (body.empty()) return Json::object();
  try {
    return parse_json(as_text(body), "the request's body");
  } catch (const Error& error) {
    throw Error(Kind::invalid, "SerializationException", error.what());
  }
}

}  // namespace

WireError wire_error(const std::exception& error) {
  WireError wire;
  const auto* known = dynamic_cast<const Error*>(&error);
  if (!known || known->kind() == Kind::internal) {
    spdlog::error("a request failed: {}", error.what());
    return {500, "InternalFailure", "the server failed to answer; its log says why", "InternalFailure"};
  }
  wire.status = known->kind() == Kind::unavailable ? 503 : 400;
  wire.message = known->what();
  wire.code = known->code().empty() ? code_of(known->kind()) : known->code();
  for (const Renamed& name : kRenamed) {
    if (wire.code != name.s3) continue;
    wire.code = name.json;
    wire.query_code = name.query;
    return wire;
  }
  wire.query_code = query_code(wire.code);
  return wire;
}

Response answer_json(const Service& service, const Caller& caller, const Request& request) {
  try {
    const Json output = call(service, caller, operation_name(service, request), input_of(request));
    if (output.is_null()) return with_id({});
    return with_id({200, std::string(json_version(request)), printed(output)});
  } catch (const std::exception& error) {
    return json_error(error, request);
  }
}

Response answer_cbor(const Service& service, const Caller& caller, const Request& request, const IsTime& is_time) {
  static const std::pair<std::string, std::string> kProtocol("smithy-protocol", "rpc-v2-cbor");
  try {
    const std::string operation = request.path.substr(request.path.rfind('/') + 1);
    const Bytes body = plain_body(request);
    const Json output = call(service, caller, operation, body.empty() ? Json::object() : parse_cbor(body));
    return with_id(
        {200, "application/cbor", to_cbor(output.is_null() ? Json::object() : output, is_time), {kProtocol}});
  } catch (const std::exception& error) {
    const WireError wire = wire_error(error);
    Response response{wire.status, "application/cbor", to_cbor({{"__type", wire.code}, {"message", wire.message}})};
    response.headers.emplace_back(kProtocol);
    add_query_error(response, wire, request);
    return with_id(std::move(response));
  }
}

Response json_error(const std::exception& error) {
  return json_error(wire_error(error), kJson11);
}

Response json_error(const std::exception& error, const Request& request) {
  const WireError wire = wire_error(error);
  Response response = json_error(wire, json_version(request));
  add_query_error(response, wire, request);
  return response;
}

Response query_error(const std::exception& error) {
  const WireError wire = wire_error(error);
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("ErrorResponse");
  pugi::xml_node inner = root.append_child("Error");
  append_text(inner, "Type", wire.sender() ? "Sender" : "Receiver");
  append_text(inner, "Code", wire.query_code);
  append_text(inner, "Message", wire.message);
  Response response = with_id({status_of(error), "text/xml"});
  append_text(root, "RequestId", *find_header(response.headers, "x-amzn-RequestId"));
  response.body = to_text(document);
  response.headers.emplace_back("x-amzn-ErrorType", wire.query_code);
  return response;
}

Response rest_error(const std::exception& error) {
  WireError wire = wire_error(error);
  const bool validation = wire.code == "ValidationException" || wire.code == "ResourceNotFound";
  if (validation) wire.code = "ValidationError";
  const int status = validation ? 400 : status_of(error);
  const Json body = {{"code", wire.code}, {"message", wire.message}, {"Message", wire.message}};
  Response response{status, "application/json", printed(body)};
  response.headers.emplace_back("x-amzn-ErrorType", wire.code);
  return with_id(std::move(response));
}

std::string request_id() {
  static thread_local Random random = [] {
    std::random_device device;
    return Random(Key{(std::uint64_t{device()} << 32) | device()});
  }();
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string id = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
  for (char& c : id) {
    if (c == 'x') c = kDigits[random.below(16)];
  }
  return id;
}

}  // namespace graft::aws
