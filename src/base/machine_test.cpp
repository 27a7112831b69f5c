#include "base/machine.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "base/file.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// PATH for as long as it lives.
struct Path {
  explicit Path(const std::string& value) : before(std::getenv("PATH")) { ::setenv("PATH", value.c_str(), 1); }
  ~Path() { ::setenv("PATH", before.c_str(), 1); }
  const std::string before;
};

TEST(Machine, FindsProgramsInTheOrderOfPath) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) make_folder(folder.path() / name);
  write_file(folder.path() / "a/podman", std::string_view("not to be run"));
  make_folder(folder.path() / "a/docker");
  write_file(folder.path() / "b/docker", std::string_view("#!/bin/sh\n"));
  fs::permissions(folder.path() / "b/docker", fs::perms::owner_all);
  const Path path((folder.path() / "a").string() + "::" + (folder.path() / "b").string());
  EXPECT_EQ(find_program("podman"), std::nullopt);
  EXPECT_EQ(find_container_engine(), folder.path() / "b/docker");
}

TEST(Machine, KnowsItself) {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"localhost.example", "128.0.0.1", "::2", "", "1127.0.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Machine, HasCoresAndPorts) {
  EXPECT_THAT(cores_of_process(), testing::Not(testing::IsEmpty()));
  EXPECT_GT(find_free_port(), 0);
}

}  // namespace
}  // namespace graft
