// Fields of a request, read and checked, with errors in AWS's own words: "1 validation error detected: Value 'a b' at
// 'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression pattern: ...".
//
// A field is named as the API names it. `at` says where its object is in the input, for messages:
// "ResourceConfig", "InputDataConfig.1.member" (lists count from 1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_forward.h"

namespace graft::aws {

// "1 validation error detected: ..." as a ValidationException.
[[noreturn]] void invalid_field(std::string_view at, std::string_view name, const Json& value,
                                std::string_view constraint);

struct TextRule {
  std::size_t least = 0, most = 1024;  // bytes
  std::string_view pattern = "";       // ECMAScript, of the whole text; a literal
  std::vector<std::string_view> one_of{};
};

// A text that must be there.
std::string text_of(const Json& object, std::string_view name, const TextRule& rule = {}, std::string_view at = "");
// Nothing where it is missing.
std::optional<std::string> text_if(const Json& object, std::string_view name, const TextRule& rule = {},
                                   std::string_view at = "");

struct NumberRule {
  double least = -1e300, most = 1e300;
};
std::int64_t integer_of(const Json& object, std::string_view name, const NumberRule& rule = {},
                        std::string_view at = "");
std::optional<std::int64_t> integer_if(const Json& object, std::string_view name, const NumberRule& rule = {},
                                       std::string_view at = "");
// Of a number, or a text that is one, as forms have it.
double number_of(const Json& object, std::string_view name, const NumberRule& rule = {}, std::string_view at = "");
std::optional<double> number_if(const Json& object, std::string_view name, const NumberRule& rule = {},
                                std::string_view at = "");
bool flag_of(const Json& object, std::string_view name, bool otherwise = false, std::string_view at = "");

struct SizeRule {
  std::size_t least = 0, most = 1000;  // elements
};
// An array; empty where it is missing and the rule lets it be.
const Json& list_of(const Json& object, std::string_view name, const SizeRule& rule = {}, std::string_view at = "");
// An object; empty where it is missing.
const Json& object_of(const Json& object, std::string_view name, std::string_view at = "");
// An object of texts. `key` and `value` are rules for each of them.
std::vector<std::pair<std::string, std::string>> map_of(const Json& object, std::string_view name, const SizeRule& rule,
                                                        const TextRule& key, const TextRule& value,
                                                        std::string_view at = "");

// "arn:aws:sagemaker:us-east-1:123456789012:training-job/x"
std::string arn(std::string_view service, std::string_view region, std::string_view account, std::string_view resource);

}  // namespace graft::aws
