#include "learn/shard.h"

#include <gtest/gtest.h>

#include <numeric>

namespace graft {
namespace {

TEST(Shard, RanksShareAStepInPairsWithoutOverlap) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (std::size_t images = 2 * static_cast<std::size_t>(ranks); images < 50; ++images) {
      std::size_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const Share share = share_of(images, rank, ranks);
        EXPECT_EQ(share.begin, next);
        EXPECT_EQ(share.begin % 2, 0u);
        EXPECT_GE(share.images(), 2u);
        EXPECT_EQ(share.weight, 1);
        next = share.end;
      }
      EXPECT_EQ(next, images);
    }
  }
}

TEST(Shard, AStepTooSmallToDivideIsComputedByAll) {
  for (int rank = 0; rank < 4; ++rank) {
    const Share share = share_of(7, rank, 4);
    EXPECT_EQ(share.begin, 0u);
    EXPECT_EQ(share.end, 7u);
    EXPECT_EQ(share.weight, 0.25);
  }
}

TEST(Shard, ALastBatchOfOneImageIsLeftOut) {
  EXPECT_EQ(step_sizes(10, 4), (std::vector<std::size_t>{4, 4, 2}));
  EXPECT_EQ(step_sizes(9, 4), (std::vector<std::size_t>{4, 4}));
  EXPECT_EQ(step_sizes(1, 4), (std::vector<std::size_t>{1}));
}

TEST(Shard, AnEpochIsReadOnceByAllTogether) {
  std::vector<std::size_t> order(103);
  std::iota(order.begin(), order.end(), 0);
  std::vector<int> seen(order.size());
  for (int rank = 0; rank < 3; ++rank) {
    for (std::size_t i : shard_of(order, 10, 0, rank, 3).order) ++seen[i];
  }
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(seen[i], 1) << i;
  for (std::size_t i = 100; i < 103; ++i) EXPECT_EQ(seen[i], 3) << "the last three are computed by all";
}

TEST(Shard, GoesOnInTheMiddle) {
  std::vector<std::size_t> order(40);
  std::iota(order.begin(), order.end(), 0);
  const Shard shard = shard_of(order, 8, 3, 1, 2);
  EXPECT_EQ(shard.steps.size(), 2u);
  EXPECT_EQ(shard.order, (std::vector<std::size_t>{28, 29, 30, 31, 36, 37, 38, 39}));
}

}  // namespace
}  // namespace graft
