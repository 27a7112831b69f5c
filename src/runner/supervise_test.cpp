#include "runner/supervise.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "runner/execution.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Supervise : public testing::Test {
 protected:
  Supervise() {
    make_folder(attempt());
    // This test's own program supervises (runner_testing_test.cpp).
    fs::create_symlink(fs::read_symlink("/proc/self/exe"), folder_.path() / "graft");
  }
  fs::path attempt() const { return folder_.path() / "1/algo-1"; }
  void write(const std::string& script, const Command& more = {}) const {
    Command command = more;
    command.arguments = {"/bin/sh", "-c", script};
    command.environment.emplace("PATH", "/usr/bin:/bin");
    command.folder = attempt();
    write_command(attempt(), command);
  }
  std::unique_ptr<Execution> execution() const {
    return local_execution(attempt().parent_path(), {"algo-1"}, folder_.path());
  }
  static SupervisedEnd end_of(Execution& execution) {
    for (;;) {
      if (const auto end = execution.ends().front()) return *end;
      execution.wait(-1, std::chrono::seconds(10));
    }
  }
  SupervisedEnd run(const std::string& script, const Command& more = {}) const {
    write(script, more);
    const auto started = execution();
    started->start();
    return end_of(*started);
  }
  std::string log() const { return read_text(attempt() / "log"); }
  void wait_for(const std::string& file) const {
    while (!fs::exists(attempt() / file)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  TemporaryFolder folder_;
};

TEST_F(Supervise, TellsHowAProgramEnded) {
  EXPECT_EQ(run("echo out; echo err >&2; exit 3").status, 3);
  EXPECT_EQ(log(), "out\nerr\n");
}

TEST_F(Supervise, SaysThatAProgramCannotBeStarted) {
  Command command{.arguments = {"/no/such/program"}, .folder = attempt()};
  write_command(attempt(), command);
  const auto started = execution();
  started->start();
  EXPECT_EQ(end_of(*started).status, 127);
  EXPECT_EQ(log(), "error: cannot start /no/such/program\n");
}

TEST_F(Supervise, LeavesNothingBehind) {
  // One that has left its group and session, and one that has not.
  EXPECT_EQ(run("setsid sleep 1000 & echo $! > other; sleep 1000 & echo $! >> other; exit 0").status, 0);
  std::istringstream pids(read_text(attempt() / "other"));
  for (pid_t pid = 0; pids >> pid;) EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(Supervise, KillsWhatDoesNotEndWhenItsTimeIsOver) {
  const SupervisedEnd end = run("trap '' TERM; while true; do sleep 0.05; done",
                                {.deadline = static_cast<double>(::time(nullptr)), .patience = 0.2});
  EXPECT_TRUE(end.timed_out);
  EXPECT_EQ(end.status, 128 + SIGKILL);
}

TEST_F(Supervise, CountsARuntimeFromTheStart) {
  const SupervisedEnd end = run("while true; do sleep 0.05; done", {.deadline = 1, .runtime = 0.2, .patience = 1});
  EXPECT_TRUE(end.timed_out);
}

TEST_F(Supervise, ARuntimeThatIsNotOverEndsNothing) {
  EXPECT_FALSE(run("true", {.deadline = 1, .runtime = 60}).timed_out);
}

TEST_F(Supervise, TakesMemoryAndCoresAway) {
  EXPECT_EQ(run("grep -q 'Max data size *104857600 *104857600' /proc/self/limits && "
                "grep -q 'Cpus_allowed_list:\t0$' /proc/self/status",
                {.cores = {0}, .memory = 100 << 20})
                .status,
            0)
      << log();
}

TEST_F(Supervise, StartsNothingTwice) {
  write("echo x >> count; touch ready; while [ ! -e go ]; do sleep 0.02; done");
  const auto first = execution();
  first->start();
  wait_for("ready");
  execution()->start();
  const auto found = execution();
  EXPECT_FALSE(found->ends().front());
  write_file(attempt() / "go", std::string_view());
  EXPECT_EQ(end_of(*found).status, 0);
  execution()->start();
  EXPECT_EQ(end_of(*first).status, 0);
  EXPECT_EQ(read_text(attempt() / "count"), "x\n");
}

TEST_F(Supervise, AProgramGoesWithItsSupervisor) {
  // One that has left its group and session goes too.
  write("echo $$ > pids; setsid sh -c 'echo $$ >> pids; touch ready; exec sleep 1000' & sleep 1000");
  const auto started = execution();
  started->start();
  wait_for("ready");
  ::kill(find_started(attempt())->supervisor.pid, SIGKILL);
  const SupervisedEnd end = end_of(*started);
  EXPECT_TRUE(end.lost);
  std::istringstream pids(read_text(attempt() / "pids"));
  for (pid_t pid = 0; pids >> pid;) {
    // Where nobody has waited for it yet, it is there, and nothing more.
    const fs::path words = text("/proc/", pid, "/cmdline");
    EXPECT_TRUE(!fs::exists(words) || read_text(words).empty());
  }
}

TEST_F(Supervise, WhatWasNeverStartedIsLostAndStaysSo) {
  write("touch ran");
  const auto found = execution();
  EXPECT_TRUE(end_of(*found).lost);
  execution()->start();
  EXPECT_TRUE(end_of(*execution()).lost);
  EXPECT_FALSE(fs::exists(attempt() / "ran"));
}

}  // namespace
}  // namespace graft
