#include "base/instance_type.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace graft {
namespace {

TEST(InstanceType, SaysCoresAndMemoryByItsName) {
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  EXPECT_EQ(instance_type("ml.m5.xlarge").cores, 4);
  EXPECT_EQ(instance_type("ml.m5.xlarge").memory, 16 * kGiB);
  EXPECT_EQ(instance_type("ml.c5.9xlarge").cores, 36);
  EXPECT_EQ(instance_type("ml.c5.9xlarge").memory, 72 * kGiB);
  EXPECT_EQ(instance_type("ml.p3.2xlarge").memory, 61 * kGiB);
  EXPECT_EQ(instance_type("ml.new.thing").cores, 4);
  EXPECT_EQ(instance_type("ml.local").cores, 0);
  EXPECT_THROW(instance_type("m5.xlarge"), Error);
}

}  // namespace
}  // namespace graft
