// JSON from outside, read with errors that name the file and the field.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_forward.h"

namespace graft {

// Parses `content`; `source` (a file, a header) names it in errors. Nesting deeper than 64 is refused, before it can
// exhaust the stack.
Json parse_json(std::string_view content, std::string_view source);

// The field `name` of `object`, as a Value. Throws with `source` and the field's name when it is missing or of another
// type.
template <typename Value>
Value field(const Json& object, const char* name, std::string_view source) {
  require(object.is_object() && object.contains(name), source, ": the field \"", name, "\" is missing");
  try {
    return object.at(name).get<Value>();
  } catch (const Json::exception&) {
    fail(Kind::invalid, source, ": the field \"", name,
         "\" has the wrong type: ", object.at(name).dump().substr(0, 80));
  }
}

// The same, or `otherwise` when it is missing.
template <typename Value>
Value field_or(const Json& object, const char* name, Value otherwise, std::string_view source) {
  return object.is_object() && object.contains(name) ? field<Value>(object, name, source) : otherwise;
}

}  // namespace graft
