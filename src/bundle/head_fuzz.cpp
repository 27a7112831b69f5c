// Whatever parses is a head that answers, and is written and read again to the same.
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "bundle/head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  static const TemporaryFolder folder;
  Head parsed;
  try {
    parsed = parse_head(std::as_bytes(std::span(data, size)), "fuzz");
  } catch (const Error&) {
    return 0;
  }
  write_head(folder.path() / "again", parsed);
  if (!(read_head(folder.path() / "again") == parsed)) std::abort();
  const std::vector<float> features(static_cast<std::size_t>(parsed.layers.front().inputs), 1.0F);
  std::vector<float> output(parsed.labels.size());
  try {
    answer(parsed, features, output);
  } catch (const Error&) {
    return 0;  // its weights are numbers too large to add up
  }
  for (const float value : output) {
    if (!(value >= 0 && value <= 1)) std::abort();
  }
  return 0;
}
