#include "container/child.h"

#include <gtest/gtest.h>

#include <csignal>

namespace graft {
namespace {

ChildEnd shell(const std::string& script) {
  return run_child({"/bin/sh", "-c", script}, SIGUSR1, [] {});
}

TEST(Child, PassesLinesOnAndKeepsTheLastError) {
  testing::internal::CaptureStdout();
  const ChildEnd end = shell("echo one; echo 'error: first' >&2; echo 'error: second' >&2; printf two; exit 3");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "one\ntwo\n");
  EXPECT_EQ(end.status, 3);
  EXPECT_EQ(end.error, "second");
  EXPECT_FALSE(end.killed);
}

TEST(Child, SaysWhichSignalEndedIt) {
  const ChildEnd end = shell("kill -KILL $$");
  EXPECT_TRUE(end.killed);
  EXPECT_EQ(end.status, 128 + SIGKILL);
}

TEST(Child, SaysThatAProgramIsNotThere) {
  const ChildEnd end = run_child({"/nowhere/graft-learn"}, SIGUSR1, [] {});
  EXPECT_EQ(end.status, 127);
  EXPECT_EQ(end.error, "cannot start /nowhere/graft-learn");
}

TEST(Child, HandsOnALineWithoutEnd) {
  testing::internal::CaptureStdout();
  shell("head -c 200000 /dev/zero | tr '\\0' x");
  EXPECT_GE(testing::internal::GetCapturedStdout().size(), 200000u);
}

}  // namespace
}  // namespace graft
