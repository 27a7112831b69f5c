// Names from outside as text that people, JSON and terminals can take.
#pragma once

#include <string>
#include <string_view>

namespace graft {

// `name` as text that can be printed and put into JSON: what is not UTF-8, and control characters, are replaced.
std::string printable(std::string_view name);

}  // namespace graft
