#include "base/printable.h"

#include <algorithm>

#include "base/json.h"

namespace graft {

std::string printable(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  // The JSON library is the one place that knows UTF-8; it replaces what is not, as it must when it writes.
  std::string quoted = Json(name).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out = Json::parse(quoted).get<std::string>();
  std::replace_if(out.begin(), out.end(), is_control, '?');
  return out;
}

}  // namespace graft
