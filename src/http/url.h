// The parts of a URL that a request names (RFC 3986), and its escapes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace graft {

// The value of a hexadecimal digit, or -1.
int hex_digit(char c);

// "%20" becomes a space. Nothing when an escape is not two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

// All but letters, digits and "-_.~" escaped, as AWS's signatures want it; of a path '/' stays.
std::string percent_encode(std::string_view text);
std::string percent_encode_path(std::string_view text);

// The decoded parts of a request's target: "/a%20b?c=d" or "http://host/a%20b?c=d".
struct Target {
  std::string path;
  std::map<std::string, std::string> query;
};

// Nothing when it has none of these forms, an escape is broken, or the path holds a NUL byte.
std::optional<Target> parse_target(std::string_view target);

}  // namespace graft
