// The query protocol: a form in, XML out.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json_forward.h"
#include "http/message.h"

namespace graft::aws {

// A form's fields: "Action=..&Version=.." percent-decoded, '+' as a space; of a name given twice, the first. Throws
// MalformedInput for bad percent signs and for more than 50,000 fields.
std::map<std::string, std::string> parse_form(std::string_view body);

// "Dimensions.member.1.Name=.." as {"Dimensions": [{"Name": ..}]}; values stay text, without Action and Version. Lists
// are in the order of their numbers. Throws MalformedInput for what is deeper than 16, or a value and a structure at
// once.
Json form_as_json(const std::map<std::string, std::string>& form);

// {"A": {"B": ["x"]}} as <A><B><member>x</member></B></A>, in <OPResponse xmlns><OPResult>..</OPResult>; an operation
// without output (null) has no result. What is null is left out. Maps are given as {"entry": [{"key": .., "value":
// ..}]}.
Response query_answer(std::string_view operation, std::string_view xmlns, const Json& result);

}  // namespace graft::aws
