#include "base/background.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

namespace graft {
namespace {

int niceness() {
  return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
}

TEST(InBackground, YieldsToOthersWhoDoNotYieldThemselves) {
  const int before = niceness();
  int inside = before;
  in_background([&] { inside = niceness(); });
  EXPECT_GE(inside, std::min(before, 10));
  EXPECT_TRUE(inside > before || before >= 10) << inside;
  EXPECT_EQ(niceness(), before);
}

TEST(InBackground, ThrowsWhatTheWorkThrows) {
  EXPECT_THROW(in_background([] { fail(Kind::invalid, "no"); }), Error);
}

}  // namespace
}  // namespace graft
