// An expression is refused with an Error, or gives finite values at ascending times; in parentheses it gives the same.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.h"
#include "watch/metric_math.h"

namespace {

using namespace graft;
using namespace graft::metrics_api;

std::optional<Series> value(const std::string& expression) {
  static const Series one{{0, 1}, {60, -2}, {120, 0}}, other{{60, 4}, {180, 1e300}};
  const MathScope scope{.series = [](const std::string& id) -> const Series& { return id == "m1" ? one : other; },
                        .metrics =
                            [] {
                              return std::vector<const Series*>{&one, &other};
                            }};
  try {
    return evaluate(expression, scope);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string expression(reinterpret_cast<const char*>(data), size);
  const auto result = value(expression);
  if (!result) return 0;
  double before = -1;
  for (const auto& [time, point] : *result) {
    if (!(time > before) || !std::isfinite(point)) std::abort();
    before = time;
  }
  // A deeper or longer one may be refused.
  const auto again = value('(' + expression + ')');
  if (again && *again != *result) std::abort();
  return 0;
}
