// A graft.json of any bytes is refused, or is a bundle that is written and read again to the same.
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "bundle/bundle.h"
#include "graph/builder.h"

namespace {

using namespace graft;

Bundle small_bundle() {
  GraphBuilder builder("small", Input{3, 8, 8});
  builder.begin_block("stem");
  NodeId x = builder.features("pool", builder.add("conv", Conv2d{.out_channels = 2}, {builder.input()}));
  builder.begin_block("head");
  Bundle bundle;
  bundle.graph = builder.finish(builder.add("head.output", Linear{2}, {x}));
  bundle.weights = {{"conv.weight", make_tensor({2, 3, 1, 1}, std::vector<float>(6, 1))},
                    {"head.output.weight", make_tensor({2, 2}, std::vector<float>(4, 2))},
                    {"head.output.bias", make_tensor({2}, std::vector<float>(2, 0))}};
  bundle.labels = {"ants", "bees"};
  bundle.preprocess = {.width = 8, .height = 8};
  return bundle;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryFolder folder;
  static const bool made = (write_bundle(folder.path() / "bundle", small_bundle()), true);
  (void)made;
  write_file(folder.path() / "bundle" / "graft.json", std::as_bytes(std::span(data, size)));
  Bundle parsed;
  try {
    parsed = read_bundle(folder.path() / "bundle");
  } catch (const Error&) {
    return 0;
  }
  write_bundle(folder.path() / "again", parsed);
  const Bundle again = read_bundle(folder.path() / "again");
  const bool same = again.labels == parsed.labels && again.precision == parsed.precision &&
                    again.precision_checks == parsed.precision_checks &&
                    again.activation_ranges == parsed.activation_ranges && again.temperature == parsed.temperature;
  if (!same) std::abort();
  return 0;
}
