// Whatever parses is written and parsed again to the same.
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "graph/safetensors.h"

namespace {

using namespace graft;

void check_same(const Weights& a, const Weights& b) {
  if (a.size() != b.size()) std::abort();
  for (const auto& [name, tensor] : a) {
    const Tensor& other = b.at(name);
    if (tensor.type != other.type || tensor.shape != other.shape) std::abort();
    if (as_text(tensor.bytes) != as_text(other.bytes)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryFolder folder;
  Safetensors parsed;
  try {
    parsed = parse_safetensors(std::as_bytes(std::span(data, size)), nullptr, "fuzz");
  } catch (const Error&) {
    return 0;
  }
  const auto path = folder.path() / "again.safetensors";
  write_safetensors(path, parsed.weights, parsed.metadata);
  const Safetensors again = read_safetensors(path);
  check_same(parsed.weights, again.weights);
  if (parsed.metadata != again.metadata) std::abort();
  return 0;
}
