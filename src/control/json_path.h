// A path into a JSON record, as the filters of a batch transform have it: "$", "$.name", "$['a','b']", "$[0,-1]",
// "$[1:]", "$[0,5:]", "$.*", one behind the other.
// https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_forward.h"

namespace graft {

// Of a list: the element at `begin`, or those from `begin` to before `end`. Below 0: from the end of the list.
struct JsonPart {
  bool slice = false;
  std::optional<std::int64_t> begin{}, end{};
};
struct JsonStep {
  enum class Kind { names, parts, all };
  Kind kind = Kind::all;
  std::vector<std::string> names{};
  std::vector<JsonPart> parts{};
};
using JsonPath = std::vector<JsonStep>;

// Throws Kind::invalid for what is no path, or has an operator that is not built.
JsonPath parse_json_path(std::string_view text);

// What the path leads to: of one name or place the value, of several names an object with them, of several places, a
// slice or * an array. Throws Kind::invalid where it leads to nothing.
Json select(const JsonPath& path, const Json& record);

}  // namespace graft
