// HTML and SVG as a type of its own: what is put into it is escaped, unless it is markup already. So a label named
// "<script>" stays a label.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace graft {

struct Markup {
  std::string text;
  Markup& operator+=(const Markup& more) {
    text += more.text;
    return *this;
  }
};

std::string escape(std::string_view text);

inline const std::string& escaped(const Markup& part) {
  return part.text;
}
inline std::string escaped(std::string_view part) {
  return escape(part);
}
template <typename Number>
requires std::is_arithmetic_v<Number> Number escaped(Number part) {
  return part;
}

// `pattern`, as fmt writes it, with the parts in its places.
template <typename... Parts>
Markup markup(const char* pattern, const Parts&... parts) {
  return {fmt::format(fmt::runtime(pattern), escaped(parts)...)};
}

// Numbers as people read them; what was not measured (NaN) is a dash. A line does not end between a
// number and its unit.
std::string percent(double share, int digits = 1);  // "93.4 %"
std::string decimal(double number, int digits);     // "0.031"
std::string grouped(std::uint64_t count);           // "9,832"
std::string duration(double seconds);               // "0.8 s", "3 min 20 s", "2 h 05 min"

}  // namespace graft
