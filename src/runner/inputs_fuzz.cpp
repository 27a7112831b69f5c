// A manifest is refused, or all that it names lies below a folder.
#include <cstdlib>

#include "base/bytes.h"
#include "base/error.h"
#include "runner/inputs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  try {
    for (const graft::InputObject& object : graft::parse_manifest(content, "the manifest")) {
      const auto path = (std::filesystem::path("/folder") / object.name).lexically_normal().string();
      if (!path.starts_with("/folder/") || object.path.bucket.empty()) std::abort();
    }
  } catch (const graft::Error&) {
  }
  return 0;
}
