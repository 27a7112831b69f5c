#include "infer/dnnl_execution.h"

#include <sys/mman.h>

#include <chrono>
#include <new>

#include "infer/dnnl_api.h"

namespace graft {

void DnnlExecution::grow(std::size_t bytes) {
  if (bytes <= arena_bytes_) return;
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
    auto& arguments = binding.arguments.emplace_back(step.constants);
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

DnnlExecution::Binding& DnnlExecution::bound(const DnnlProgram& program, const float* input, float* output) {
  grow(program.memory.bytes);
  const auto found = bindings_.find(&program);
  Binding& binding = found != bindings_.end() ? found->second : bindings_[&program] = bind(program);
  for (dnnl::memory& memory : binding.inputs) memory.set_data_handle(const_cast<float*>(input));
  for (dnnl::memory& memory : binding.outputs) memory.set_data_handle(output);
  return binding;
}

void DnnlExecution::run(const DnnlProgram& program, const float* input, float* output) {
  Binding& binding = bound(program, input, output);
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    program.steps[i].primitive.execute(stream_, binding.arguments[i]);
  }
  stream_.wait();
}

std::vector<double> DnnlExecution::time_steps(const DnnlProgram& program, const float* input, float* output) {
  using Clock = std::chrono::steady_clock;
  Binding& binding = bound(program, input, output);
  std::vector<double> seconds;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const auto start = Clock::now();
    program.steps[i].primitive.execute(stream_, binding.arguments[i]);
    stream_.wait();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  return seconds;
}

void DnnlExecution::read(const DnnlProgram& program, LayerId layer, std::vector<float>& out) const {
  const DnnlValue& value = program.values[static_cast<std::size_t>(layer)];
  const dnnl::memory::desc plain(dims_of(value.desc), dnnl::memory::data_type::f32, dnnl::memory::format_tag::nchw);
  out.resize(plain.get_size() / sizeof(float));
  const std::size_t offset = program.memory.offsets[static_cast<std::size_t>(value.buffer)];
  reorder_now({value.desc, engine_, arena_.get() + offset}, {plain, engine_, out.data()});
}

}  // namespace graft
