// The memory that one caller at a time runs compiled programs in.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <dnnl.hpp>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "infer/dnnl_program.h"

namespace graft {

// Not thread-safe. Its arena is as large as the largest program it has run needs.
class DnnlExecution {
 public:
  explicit DnnlExecution(const dnnl::engine& engine) : engine_(engine), stream_(engine) {}

  // Now rather than in the first run.
  void reserve(const DnnlProgram& program) { grow(program.memory.bytes); }

  // REQUIRES: `program` outlives this; `input` and `output` have the sizes it was compiled for.
  void run(const DnnlProgram& program, const float* input, float* output);

  // The same, and how long each step took.
  std::vector<double> time_steps(const DnnlProgram& program, const float* input, float* output);

  // A layer's output in the run before: [batch, channels, height, width]. REQUIRES: that was of this program, which
  // keeps everything, in fp32; the layer is not the input.
  void read(const DnnlProgram& program, LayerId layer, std::vector<float>& out) const;

  std::size_t bytes() const { return arena_bytes_; }

 private:
  // A program's operands as places in the arena.
  struct Binding {
    std::vector<dnnl::memory> inputs, outputs;                     // those that lie in the caller's memory
    std::vector<std::unordered_map<int, dnnl::memory>> arguments;  // of each step
  };
  Binding& bound(const DnnlProgram& program, const float* input, float* output);
  Binding bind(const DnnlProgram& program) const;
  void grow(std::size_t bytes);

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::unique_ptr<std::byte, void (*)(void*)> arena_{nullptr, std::free};
  std::size_t arena_bytes_ = 0;
  std::map<const DnnlProgram*, Binding> bindings_;
};

}  // namespace graft
