#include "control/transform_room.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace graft {
namespace {

TEST(TransformRoom, IsGivenOnceAndWaitedFor) {
  TransformRoom room(10);
  std::optional<TransformRoom::Share> first(room.take(6, [] { FAIL(); }));
  const auto beside = room.take(4, [] { FAIL(); });
  int looks = 0;
  const auto second = room.take(5, [&] {
    ++looks;
    first.reset();
  });
  EXPECT_EQ(looks, 1);
}

TEST(TransformRoom, WhatIsLargerThanAllTakesAllAndWhoLeavesIsInNobodysWay) {
  TransformRoom room(10);
  {
    const auto all = room.take(1000, [] { FAIL(); });
    const auto leave = [] { throw std::runtime_error("stopped"); };
    EXPECT_THROW(room.take(1, leave), std::runtime_error);
  }
  const auto next = room.take(10, [] { FAIL(); });
}

}  // namespace
}  // namespace graft
