#include "infer/dnnl_weights.h"

#include <algorithm>
#include <cmath>

#include "infer/dnnl_api.h"

namespace graft {
namespace {

// int8 in the plain layout that `values` have. oneDNN could scale on the way to a layout of its own, but no way leads
// from one of those to the next.
dnnl::memory quantised(const std::vector<float>& values, const std::vector<float>& scales,
                       const dnnl::memory::desc& plain, const dnnl::engine& engine) {
  dnnl::memory memory(plain, engine);
  auto* out = static_cast<std::int8_t*>(memory.get_data_handle());
  const std::size_t length = values.size() / scales.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    out[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(values[i] / scales[i / length]), -127.0F, 127.0F));
  }
  return memory;
}

}  // namespace

DnnlWeights::Layouts& DnnlWeights::layouts_of(LayerId layer, Part part) {
  const std::lock_guard lock(mutex_);
  return layouts_[{layer, part}];
}

dnnl::memory DnnlWeights::get(LayerId layer, Part part, const std::vector<float>& values,
                              const std::vector<float>& scales, const dnnl::memory::desc& plain,
                              const dnnl::memory::desc& wanted) {
  Layouts& kept = layouts_of(layer, part);
  const std::lock_guard lock(kept.mutex);
  std::vector<dnnl::memory>& layouts = kept.memories;
  if (layouts.empty() && !scales.empty()) {
    layouts.push_back(quantised(values, scales, plain, engine_));
  }
  for (const dnnl::memory& layout : layouts) {
    if (layout.get_desc() == wanted) return layout;
  }
  dnnl::memory memory(wanted, engine_);
  reorder_now(layouts.empty() ? dnnl::memory(plain, engine_, const_cast<float*>(values.data())) : layouts.front(),
              memory);
  layouts.push_back(memory);
  return memory;
}

std::size_t DnnlWeights::bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [key, layouts] : layouts_) {
    for (const dnnl::memory& layout : layouts.memories) sum += layout.get_desc().get_size();
  }
  return sum;
}

}  // namespace graft
