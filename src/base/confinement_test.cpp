#include "base/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

class ConfinementTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_confine()) GTEST_SKIP() << "this kernel has no Landlock";
    for (const char* name : {"data/own", "data/other", "beside"}) {
      make_folder(folder_.path() / name);
      write_file(folder_.path() / name / "file", std::string_view("content"));
    }
    write_file(folder_.path() / "data/database", std::string_view("keys"));
  }

  // Whether a confined process's attempt succeeds.
  template <typename Attempt>
  bool can(const Attempt& attempt) const {
    const Confinement confinement(folder_.path() / "data", {folder_.path() / "data/own", "/usr/bin"});
    const pid_t child = ::fork();
    if (child == 0) {
      const bool confined = confinement.enter();
      ::_exit(!confined ? 2 : attempt() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_NE(WEXITSTATUS(status), 2);
    return status == 0;
  }
  bool can_open(const char* name, int flags = O_RDONLY) const {
    return can([&] { return ::open((folder_.path() / name).c_str(), flags, 0600) >= 0; });
  }

  const TemporaryFolder folder_;
};

TEST_F(ConfinementTest, ShowsItsOwnFolderAndTheRestOfTheMachine) {
  EXPECT_TRUE(can_open("data/own/file", O_RDWR | O_TRUNC));
  EXPECT_TRUE(can_open("data/own/new", O_CREAT | O_WRONLY));
  EXPECT_TRUE(can_open("beside/file", O_RDWR));
  EXPECT_TRUE(can([] { return ::open("/etc/passwd", O_RDONLY) >= 0; }));
  EXPECT_TRUE(can([] { return ::access("/bin/sh", X_OK) == 0 && std::system("exit 0") == 0; }));
}

TEST_F(ConfinementTest, HidesTheOthers) {
  for (const char* name : {"data/database", "data/other/file", "data/own/../other/file", "data", "data/other"}) {
    EXPECT_FALSE(can_open(name)) << name;
  }
  EXPECT_FALSE(can_open("data/database", O_WRONLY | O_TRUNC));
  EXPECT_FALSE(can_open("data/new", O_CREAT | O_WRONLY));
  EXPECT_FALSE(can([&] { return ::unlink((folder_.path() / "data/other/file").c_str()) == 0; }));
  EXPECT_EQ(read_text(folder_.path() / "data/database"), "keys");
}

TEST_F(ConfinementTest, HidesThemBehindLinksAndOtherProcesses) {
  fs::create_symlink(folder_.path() / "data/database", folder_.path() / "data/own/link");
  EXPECT_FALSE(can_open("data/own/link"));
  const std::string parent = text("/proc/", ::getpid(), "/root", (folder_.path() / "data/database").string());
  EXPECT_FALSE(can([&] { return ::open(parent.c_str(), O_RDONLY) >= 0; }));
  EXPECT_FALSE(can([&] {
    return ::link((folder_.path() / "data/database").c_str(), (folder_.path() / "data/own/hard").c_str()) == 0;
  }));
}

}  // namespace
}  // namespace graft
