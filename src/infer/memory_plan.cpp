#include "infer/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace graft {
namespace {

std::size_t align(std::size_t bytes) {
  return (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
}

bool live_together(const Buffer& a, const Buffer& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

MemoryPlan plan_memory(const std::vector<Buffer>& buffers) {
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  MemoryPlan plan;
  plan.offsets.resize(buffers.size(), 0);
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t id : order) {
    const std::size_t bytes = align(buffers[id].bytes);
    std::size_t offset = 0;
    for (const std::size_t other : placed) {
      if (!live_together(buffers[id], buffers[other])) continue;
      if (offset + bytes <= plan.offsets[other]) break;
      offset = std::max(offset, plan.offsets[other] + align(buffers[other].bytes));
    }
    plan.offsets[id] = offset;
    plan.bytes = std::max(plan.bytes, offset + bytes);
    const auto behind =
        std::find_if(placed.begin(), placed.end(), [&](std::size_t other) { return plan.offsets[other] > offset; });
    placed.insert(behind, id);
  }
  return plan;
}

}  // namespace graft
