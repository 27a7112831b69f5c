// Where the buffers of a plan lie in its arena: buffers that are never needed at the same time share memory.
#pragma once

#include <cstddef>
#include <vector>

namespace graft {

// A piece of memory that is needed from one step to another, both included.
struct Buffer {
  std::size_t bytes = 0;
  int first = 0, last = 0;
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  // of each buffer, multiples of kBufferAlignment
  std::size_t bytes = 0;             // of the arena
};

constexpr std::size_t kBufferAlignment = 128;

// Greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020): the largest
// buffers first, each at the lowest offset where it meets no other that lives at the same time.
MemoryPlan plan_memory(const std::vector<Buffer>& buffers);

}  // namespace graft
