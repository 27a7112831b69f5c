// A program compiled by oneDNN for one batch size: primitives in order, and which buffer each of their operands lies
// in.
//
// Layouts are oneDNN's choice: each convolution says how it wants its input and what it writes, and the others take
// what comes. A reorder stands only where two disagree, which is mostly at the edges. A residual is computed in place:
// the convolution adds to the buffer of its other operand when nothing needs that any more, and to a copy otherwise.
#pragma once

#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "infer/dnnl_weights.h"
#include "infer/memory_plan.h"
#include "infer/program.h"

namespace graft {

using BufferId = int;  // an index into DnnlProgram::memory.offsets

// The caller's memory, outside of the arena: [batch, channels, height, width] and [batch, length] of floats.
constexpr BufferId kInputBuffer = 0;
constexpr BufferId kOutputBuffer = 1;

struct DnnlArgument {
  int key;  // DNNL_ARG_...
  BufferId buffer;
  dnnl::memory::desc desc;
};

struct DnnlStep {
  LayerId layer;  // that it is part of
  bool converts;  // rather than computes
  dnnl::primitive primitive;
  std::vector<DnnlArgument> arguments;
  std::unordered_map<int, dnnl::memory> constants;  // weights and scales
};

// A layer's output: where it lies and how. A stored number stands for number * scale.
struct DnnlValue {
  dnnl::memory::desc desc;
  BufferId buffer = -1;
  float scale = 1;
};

// Immutable, and shared by all who run it.
struct DnnlProgram {
  std::vector<DnnlStep> steps;
  MemoryPlan memory;
  std::vector<DnnlValue> values;  // of each layer
};

// Whether outputs of layers share memory once nothing needs them, or can all be read after the last step.
enum class Keep { output, everything };

// Throws, naming the layer and its operation, where oneDNN has no way to run it. The program's weights may go after the
// first call with the same `weights`.
DnnlProgram compile(const Program& program, std::int64_t batch, const dnnl::engine& engine, DnnlWeights& weights,
                    Keep keep = Keep::output);

}  // namespace graft
