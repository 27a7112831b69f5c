// Any bytes as a media type and as the header Accept. What is parsed is parsed again from what it prints.
#include <array>
#include <cstdlib>
#include <span>

#include "base/bytes.h"
#include "http/media_type.h"

namespace {

std::string print(const graft::MediaType& type) {
  std::string words = type.name;
  for (const auto& [name, value] : type.parameters) {
    words += "; " + name + "=\"";
    for (const char c : value) words += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    words += '"';
  }
  return words;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = graft::as_text(std::as_bytes(std::span(data, size)));
  static constexpr std::array<std::string_view, 3> kOffered{"application/json", "text/csv", "text/plain"};
  const auto chosen = graft::choose_type(bytes, kOffered);
  if (chosen && *chosen >= kOffered.size()) std::abort();
  for (const auto& parse : {graft::parse_media_type, graft::parse_disposition}) {
    const auto type = parse(bytes);
    if (!type) continue;
    const auto again = parse(print(*type));
    if (!again || again->name != type->name || again->parameters != type->parameters) std::abort();
  }
  return 0;
}
