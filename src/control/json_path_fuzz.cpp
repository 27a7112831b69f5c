// A path is refused with an Error, or leads to the same each time. Input: the path, a line's end, a record.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "control/json_path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const std::size_t line = content.find('\n');
  if (line == std::string_view::npos) return 0;
  try {
    const Json record = parse_json(content.substr(line + 1), "fuzz");
    const JsonPath path = parse_json_path(content.substr(0, line));
    if (path.empty() && select(path, record) != record) std::abort();
    if (select(path, record) != select(path, record)) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
