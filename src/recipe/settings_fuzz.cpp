// A recipe is refused or read, and what was read says the same when it is printed and read again.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "base/json.h"
#include "recipe/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  try {
    const Json json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    OrderedJson printed = to_json(settings_from_json(json, {}, "fuzz"));
    OrderedJson fields = printed;
    fields.erase("seed");
    fields.erase("label_weights");
    if (to_json(settings_from_json(Json(fields), {}, "fuzz")) != printed) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
