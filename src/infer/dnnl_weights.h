// The weights of a program in the layouts that oneDNN's primitives ask for, each kept once however many primitives
// share it.
#pragma once

#include <dnnl.hpp>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "infer/program.h"

namespace graft {

// Thread-safe.
class DnnlWeights {
 public:
  explicit DnnlWeights(dnnl::engine engine) : engine_(std::move(engine)) {}

  enum class Part { weight, bias };

  // `values` in their plain layout become the layout `wanted`; int8 ones are divided by the `scales` of their output
  // channels and rounded. Values are read on the first call for a layer and part only; later layouts are made from what
  // is kept of it, so that a program's own copy can go.
  dnnl::memory get(LayerId layer, Part part, const std::vector<float>& values, const std::vector<float>& scales,
                   const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted);

  // REQUIRES: no other thread is in get().
  std::size_t bytes() const;

 private:
  struct Layouts {
    std::mutex mutex;  // guards `memories`
    std::vector<dnnl::memory> memories;
  };
  Layouts& layouts_of(LayerId layer, Part part);

  dnnl::engine engine_;
  mutable std::mutex mutex_;  // guards the map, whose entries stay where they are
  std::map<std::pair<LayerId, Part>, Layouts> layouts_;
};

}  // namespace graft
