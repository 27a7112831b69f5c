#include "hosting/child_process.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <csignal>

#include "base/confinement.h"
#include "base/file.h"

namespace graft {
namespace {

using testing::ElementsAre;

// A shell's output and how it ended.
std::pair<std::vector<std::string>, int> run(const std::string& script,
                                             std::map<std::string, std::string> variables = {}) {
  ChildProcess child({.command = {"/bin/sh", "-c", script}, .environment = std::move(variables)});
  std::vector<std::string> lines;
  const auto keep = [&](std::string line) { lines.push_back(std::move(line)); };
  // To the end of its output: a pipe holds less than some of these programs write.
  for (bool open = true; open;) {
    pollfd output{child.output(), POLLIN, 0};
    if (::poll(&output, 1, 20'000) != 1) break;
    open = child.read_lines(keep);
  }
  const int status = child.wait();
  return {lines, status};
}

TEST(ChildProcess, GivesItsLinesAndItsEnd) {
  const auto [lines, status] = run("echo one; echo two >&2; printf three; exit 7");
  EXPECT_THAT(lines, ElementsAre("one", "two", "three"));
  EXPECT_EQ(status, 7);
}

TEST(ChildProcess, HasTheEnvironmentThatItIsGivenAndNoOther) {
  ::setenv("GRAFT_TEST_SECRET", "s", 1);
  EXPECT_THAT(run("echo $NAME $GRAFT_TEST_SECRET", {{"NAME", "a b"}}).first, ElementsAre("a b"));
  ::unsetenv("GRAFT_TEST_SECRET");
}

TEST(ChildProcess, SeesOfAHiddenFolderWhatItIsShown) {
  if (!can_confine()) GTEST_SKIP() << "this kernel has no Landlock";
  const TemporaryFolder folder;
  make_folder(folder.path() / "own");
  write_file(folder.path() / "own/file", std::string_view("mine"));
  write_file(folder.path() / "other", std::string_view("theirs"));
  ChildProcess child({.command = {"/bin/sh", "-c", "cat $F/other; cat $F/own/file; exit 3"},
                      .environment = {{"PATH", "/usr/bin:/bin"}, {"F", folder.path().string()}},
                      .hidden = folder.path(),
                      .shown = {folder.path() / "own"}});
  std::vector<std::string> lines;
  EXPECT_EQ(child.wait(), 3);
  child.read_lines([&](std::string line) { lines.push_back(std::move(line)); });
  EXPECT_THAT(lines, ElementsAre(testing::HasSubstr("Permission denied"), "mine"));
}

TEST(ChildProcess, SaysWhatItCannotStart) {
  ChildProcess child({.command = {"/none/such"}});
  EXPECT_EQ(child.wait(), 127);
}

TEST(ChildProcess, TakesAlongWhatItStarted) {
  pid_t grandchild = 0;
  {
    ChildProcess child({.command = {"/bin/sh", "-c", "sleep 1000 & echo $!; wait"}});
    while (grandchild == 0) {
      pollfd output{child.output(), POLLIN, 0};
      ASSERT_EQ(::poll(&output, 1, 20'000), 1);
      child.read_lines([&](const std::string& line) { grandchild = std::stoi(line); });
    }
  }
  // It is gone, or is about to be reaped by init.
  for (int i = 0; i < 200 && ::kill(grandchild, 0) == 0; ++i) ::usleep(10'000);
  EXPECT_NE(::kill(grandchild, 0), 0);
}

TEST(ChildProcess, CutsEndlessLines) {
  const auto [lines, status] = run("head -c 200000 /dev/zero | tr '\\0' x", {{"PATH", "/usr/bin:/bin"}});
  std::size_t bytes = 0;
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), 65'536U);
    bytes += line.size();
  }
  EXPECT_EQ(bytes, 200'000U);
}

}  // namespace
}  // namespace graft
