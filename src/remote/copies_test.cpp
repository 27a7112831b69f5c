#include "remote/copies.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>

#include "base/file.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

struct CopiesTest : testing::Test {
  TemporaryFolder scratch{};
  fs::path folder = scratch.path() / "s3";

  // A copy with so many bytes, last used at this second.
  void make(const std::string& name, std::size_t bytes, std::time_t used) {
    const Copy copy(folder, name);
    make_folder(copy.path() / "folder");
    write_file(copy.path() / "folder" / "file", std::string(bytes, 'x'));
    copy.measure();
    const timespec times[2] = {{used, 0}, {used, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (copy.path() / "use").c_str(), times, 0), 0);
  }
  bool is_there(const std::string& name) const { return fs::exists(folder / name / "folder" / "file"); }
};

TEST_F(CopiesTest, TheLeastRecentlyUsedGoes) {
  make("a", 1000, 3000);
  make("b", 1000, 1000);
  make("c", 1000, 2000);
  EXPECT_EQ(prune_copies(folder, 5000), 0U);
  EXPECT_EQ(prune_copies(folder, 2500), 1U);
  EXPECT_TRUE(is_there("a") && is_there("c"));
  EXPECT_FALSE(is_there("b"));
  const Copy used(folder, "c");
  EXPECT_EQ(prune_copies(folder, 500), 1U);
  EXPECT_FALSE(is_there("a"));
}

TEST_F(CopiesTest, WhatIsUsedStays) {
  make("a", 1000, 1000);
  std::optional<Copy> used(std::in_place, folder, "a"), also(std::in_place, folder, "a");
  EXPECT_EQ(prune_copies(folder, 0), 0U);
  used.reset();
  EXPECT_EQ(prune_copies(folder, 0), 0U);
  also.reset();
  EXPECT_EQ(prune_copies(folder, 0), 1U);
  EXPECT_FALSE(fs::exists(folder / "a"));
}

TEST_F(CopiesTest, WhatWasNotSentYetStays) {
  make("a", 1000, 1000);
  make_folder(Copy(folder, "a").output());
  EXPECT_EQ(prune_copies(folder, 0), 0U);
  EXPECT_TRUE(is_there("a"));
}

TEST_F(CopiesTest, ThatWereNeverMeasuredAreCounted) {
  make_folder(folder / "old" / "folder");
  write_file(folder / "old" / "folder" / "file", std::string(1000, 'x'));
  make("new", 10, 1000);
  EXPECT_EQ(prune_copies(folder, 2000), 0U);
  EXPECT_EQ(prune_copies(folder, 999), 2U);
}

}  // namespace
}  // namespace graft
