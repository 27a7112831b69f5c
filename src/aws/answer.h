// How AWS's protocols say what a call gave: awsJson 1.0 and 1.1, rest-json, query with XML, and their errors. Every
// answer has a header x-amzn-RequestId.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "aws/cbor.h"
#include "aws/document.h"
#include "aws/form.h"
#include "aws/operation.h"
#include "http/message.h"

namespace graft::aws {

// Runs the operation that X-Amz-Target names on the request's body, which is whole, and answers in awsJson. Fields that
// the operation does not know, or refuses, are a ValidationException that names them. Errors without a code are
// ValidationException, AccessDeniedException, ResourceNotFound, ConflictException, ServiceUnavailable or
// InternalFailure by their kind.
Response answer_json(const Service& service, const Caller& caller, const Request& request);

// The same in CBOR, for smithy-rpc-v2-cbor: the operation is the path's last part.
Response answer_cbor(const Service& service, const Caller& caller, const Request& request, const IsTime& is_time);

// An error as a protocol says it. Errors of S3's signatures get the names that the other services have for them; what
// is Kind::internal or no Error says nothing of the server's inside, the log has it.
struct WireError {
  int status = 400;
  std::string code{}, message{};
  // The code, as the query protocol calls it: "InvalidParameterValue" for "InvalidParameterValueException".
  std::string query_code{};
  bool sender() const { return status < 500; }
};
WireError wire_error(const std::exception& error);

// {"__type": code, "message": .., "Message": ..} with 400, 500 for InternalFailure, 503 for what is unavailable. With a
// request it is answered in that request's version of the protocol, and clients that ask with x-amzn-query-mode get
// the code of the query protocol in x-amzn-query-error.
Response json_error(const std::exception& error);
Response json_error(const std::exception& error, const Request& request);

// The same for the query protocol: <ErrorResponse>, with 403 and 404 where they are meant.
Response query_error(const std::exception& error);

// The same for rest-json (SageMaker Runtime): x-amzn-ErrorType and {"Message": ..}. What is Kind::invalid or
// Kind::not_found without a code is ValidationError.
Response rest_error(const std::exception& error);

// "4b8ad2f0-...": a new one at each call.
std::string request_id();

}  // namespace graft::aws
