// Media types (RFC 9110 8.3.1) and the choice among them (12.5.1).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace graft {

struct MediaType {
  std::string name{};                               // "image/jpeg", in lower case
  std::map<std::string, std::string> parameters{};  // names in lower case, values without quotes
};

// Nothing when it is no media type.
std::optional<MediaType> parse_media_type(std::string_view text);

// The same for what only looks like one: `form-data; name="image"`, whose name is one token.
std::optional<MediaType> parse_disposition(std::string_view text);

// Which of the `offered` names the header Accept asks for: the one with the highest q; of equal ones, that which is
// named more exactly; then the first. Parameters but q are not looked at, and what cannot be read is skipped. An empty
// header takes the first. Nothing when none is acceptable.
std::optional<std::size_t> choose_type(std::string_view accept, std::span<const std::string_view> offered);

}  // namespace graft
