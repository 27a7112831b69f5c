#include "infer/dnnl_weights.h"

namespace graft {

void reorder_now(dnnl::memory source, dnnl::memory destination) {
  dnnl::stream stream(source.get_engine());
  dnnl::reorder(source, destination).execute(stream, source, destination);
  stream.wait();
}

dnnl::memory DnnlWeights::get(LayerId layer, Part part, const std::vector<float>& values,
                              const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted) {
  std::vector<dnnl::memory>& layouts = layouts_[{layer, part}];
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
  std::size_t sum = 0;
  for (const auto& [key, layouts] : layouts_) {
    for (const dnnl::memory& layout : layouts) sum += layout.get_desc().get_size();
  }
  return sum;
}

}  // namespace graft
