#include "infer/memory_plan.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace graft {
namespace {

TEST(MemoryPlan, BuffersThatNeverMeetShareMemory) {
  const MemoryPlan plan = plan_memory({{1024, 0, 1}, {1024, 2, 3}});
  EXPECT_EQ(plan.offsets[0], plan.offsets[1]);
  EXPECT_EQ(plan.bytes, 1024u);
}

TEST(MemoryPlan, ABufferReadInTheStepThatWritesAnotherDoesNotShareWithIt) {
  const MemoryPlan plan = plan_memory({{1024, 0, 1}, {1024, 1, 2}});
  EXPECT_NE(plan.offsets[0], plan.offsets[1]);
  EXPECT_EQ(plan.bytes, 2048u);
}

TEST(MemoryPlan, AChainOfLayersNeedsItsTwoLargestNeighbours) {
  EXPECT_EQ(plan_memory({{512, 0, 1}, {4096, 1, 2}, {2048, 2, 3}, {1024, 3, 4}}).bytes, 6144u);
}

TEST(MemoryPlan, RandomBuffersNeverOverlapWhileTheyLive) {
  Random random({7});
  std::vector<Buffer> buffers;
  for (int i = 0; i < 200; ++i) {
    const int first = static_cast<int>(random.below(100));
    buffers.push_back({random.below(5000), first, first + static_cast<int>(random.below(8))});
  }
  const MemoryPlan plan = plan_memory(buffers);
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % kBufferAlignment, 0u);
    EXPECT_LE(plan.offsets[i] + buffers[i].bytes, plan.bytes);
    for (std::size_t j = 0; j < i; ++j) {
      const bool together = buffers[i].first <= buffers[j].last && buffers[j].first <= buffers[i].last;
      const bool apart = plan.offsets[i] + buffers[i].bytes <= plan.offsets[j] ||
                         plan.offsets[j] + buffers[j].bytes <= plan.offsets[i];
      EXPECT_TRUE(!together || apart) << i << " and " << j;
    }
  }
}

}  // namespace
}  // namespace graft
