// A job's files are read or refused. What is read becomes a request, or a sentence; its options are words of their own,
// and its recipe is JSON.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "base/json.h"
#include "container/channels.h"
#include "container/hyper_parameters.h"
#include "container/job_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  if (size == 0) return 0;
  const std::string_view content(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    if (data[0] & 1) {
      for (const Channel& channel : known_channels(parse_channels(content, "fuzz"))) {
        if (channel.name.find('/') != std::string::npos) std::abort();
      }
      return 0;
    }
    const Sources sources{.channel = (data[0] & 2) != 0, .packaged = (data[0] & 4) != 0};
    const TrainRequest request = request_of(parse_hyper_parameters(content, "fuzz"), sources, 1 + (data[0] >> 6));
    for (const std::string& argument : request.arguments) {
      if (!argument.starts_with("--")) std::abort();
    }
    if (!request.recipe.empty()) parse_json(request.recipe, "the recipe");
  } catch (const Error&) {
  }
  return 0;
}
