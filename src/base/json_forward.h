// The names of the JSON types, for headers that only mention them; json.h has the rest and takes far longer to compile.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace graft {

using Json = nlohmann::json;
// Keeps the order of keys; for files that people read.
using OrderedJson = nlohmann::ordered_json;

}  // namespace graft
