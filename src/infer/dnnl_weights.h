// The weights of a program in the layouts that oneDNN's primitives ask for, each kept once however many primitives
// share it.
#pragma once

#include <dnnl.hpp>
#include <map>
#include <utility>
#include <vector>

#include "infer/program.h"

namespace graft {

// Not thread-safe.
class DnnlWeights {
 public:
  explicit DnnlWeights(dnnl::engine engine) : engine_(std::move(engine)) {}

  enum class Part { weight, bias };

  // `values` in their plain layout become the layout `wanted`. Values are read on the first call for a layer and part
  // only; later layouts are made from the first, so that a program's own copy can go.
  dnnl::memory get(LayerId layer, Part part, const std::vector<float>& values, const dnnl::memory::desc& plain,
                   const dnnl::memory::desc& wanted);

  std::size_t bytes() const;

 private:
  dnnl::engine engine_;
  std::map<std::pair<LayerId, Part>, std::vector<dnnl::memory>> layouts_;
};

// Copies `source` into the layout of `destination`, and waits for it.
void reorder_now(dnnl::memory source, dnnl::memory destination);

}  // namespace graft
