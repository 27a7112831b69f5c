// How AWS's protocols say what a call gave: awsJson 1.0 and 1.1, rest-json, query with XML, and their errors.
#pragma once

#include <exception>
#include <map>
#include <string>
#include <vector>

#include "aws/operation.h"
#include "http/message.h"

namespace graft::aws {

// Runs the operation that X-Amz-Target names on the request's body, which is whole, and answers in awsJson. Fields that
// the operation does not know, or refuses, are a ValidationException that names them. Errors without a code are
// ValidationException, AccessDeniedException, ResourceNotFound or InternalFailure by their kind.
Response answer_json(const Service& service, const Caller& caller, const Request& request);

// {"__type": code, "message": .., "Message": ..} with 400, or 500 for InternalFailure.
Response json_error(const std::exception& error);
// The same for the query protocol: <ErrorResponse>.
Response query_error(const std::exception& error);

// A form's fields: "Action=..&Version=.." percent-decoded.
std::map<std::string, std::string> parse_form(std::string_view body);
// "Dimensions.member.1.Name=.." as {"Dimensions": [{"Name": ..}]}; numbers stay text.
Json form_as_json(const std::map<std::string, std::string>& form);
// {"A": {"B": ["x"]}} as <A><B><member>x</member></B></A>, in <OPResponse xmlns><OPResult>..</OPResult>.
Response query_answer(std::string_view operation, std::string_view xmlns, const Json& result);

// The tables as Markdown, for docs/.
std::string describe(const std::vector<Service>& services);

}  // namespace graft::aws
