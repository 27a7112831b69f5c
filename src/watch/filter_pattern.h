// CloudWatch's filter patterns for lines of text: "ERROR \"out of memory\" -debug", "?ERROR ?WARN".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace graft {

struct FilterPattern {
  std::vector<std::string> all{}, any{}, none{};
};

// Throws InvalidParameterException for what is none, and names what graft does not match: JSON ("{ $.x = 1 }"), columns
// ("[a, b]") and regular expressions ("%x%").
FilterPattern parse_filter(std::string_view pattern);

// Whether it has all of these terms, none of those, and one of the rest where there are some. Case counts.
bool matches(const FilterPattern& pattern, std::string_view message);

}  // namespace graft
