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

  // REQUIRES: `program` outlives this; `input` and `output` have the sizes it was compiled for.
  void run(const DnnlProgram& program, const float* input, float* output);

  std::size_t bytes() const { return arena_bytes_; }

 private:
  // A program's operands as places in the arena.
  struct Binding {
    std::vector<dnnl::memory> inputs, outputs;                     // those that lie in the caller's memory
    std::vector<std::unordered_map<int, dnnl::memory>> arguments;  // of each step
  };
  Binding bind(const DnnlProgram& program) const;
  void grow(std::size_t bytes);

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::unique_ptr<std::byte, void (*)(void*)> arena_{nullptr, std::free};
  std::size_t arena_bytes_ = 0;
  std::map<const DnnlProgram*, Binding> bindings_;
};

}  // namespace graft
