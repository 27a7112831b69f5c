#include "infer/dnnl_execution.h"

#include <sys/mman.h>

#include <new>

namespace graft {

void DnnlExecution::grow(std::size_t bytes) {
  constexpr std::size_t kPage = std::size_t{2} << 20;  // huge pages spare most TLB misses
  const std::size_t rounded = (bytes + kPage - 1) / kPage * kPage;
  bindings_.clear();  // they point into the old arena
  arena_.reset();
  arena_.reset(static_cast<std::byte*>(std::aligned_alloc(kPage, rounded)));
  if (!arena_) throw std::bad_alloc();
  madvise(arena_.get(), rounded, MADV_HUGEPAGE);
  arena_bytes_ = rounded;
}

DnnlExecution::Binding DnnlExecution::bind(const DnnlProgram& program) const {
  Binding binding;
  for (const DnnlStep& step : program.steps) {
    auto& arguments = binding.arguments.emplace_back(step.weights);
    for (const DnnlArgument& argument : step.arguments) {
      const bool external = argument.buffer == kInputBuffer || argument.buffer == kOutputBuffer;
      const std::size_t offset = program.memory.offsets[static_cast<std::size_t>(argument.buffer)];
      const dnnl::memory memory(argument.desc, engine_, external ? DNNL_MEMORY_NONE : arena_.get() + offset);
      if (external) (argument.buffer == kInputBuffer ? binding.inputs : binding.outputs).push_back(memory);
      arguments[argument.key] = memory;
    }
  }
  return binding;
}

void DnnlExecution::run(const DnnlProgram& program, const float* input, float* output) {
  if (program.memory.bytes > arena_bytes_) grow(program.memory.bytes);
  const auto found = bindings_.find(&program);
  Binding& binding = found != bindings_.end() ? found->second : bindings_[&program] = bind(program);
  for (dnnl::memory& memory : binding.inputs) memory.set_data_handle(const_cast<float*>(input));
  for (dnnl::memory& memory : binding.outputs) memory.set_data_handle(output);
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    program.steps[i].primitive.execute(stream_, binding.arguments[i]);
  }
  stream_.wait();
}

}  // namespace graft
