#include "archive/unpack_tar.h"

#include <gmock/gmock.h>

#include "archive/tar_testing.h"
#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class UnpackTar : public testing::Test {
 protected:
  fs::path tar() const { return folder_.path() / "model.tar.gz"; }
  fs::path out() const { return folder_.path() / "in/model"; }
  void refuse(const std::string& message, const UnpackLimits& limits = {}) const {
    EXPECT_THAT([&] { unpack_tar(tar(), out(), limits); }, ThrowsMessage<Error>(HasSubstr(message)));
  }

  TemporaryFolder folder_;
};

TEST_F(UnpackTar, WritesFilesAndFolders) {
  write_tar(tar(), {{"./", "", AE_IFDIR}, {"./graft.json", "{}"}, {"run/a/b", "deep"}, {"empty", "", AE_IFDIR}});
  unpack_tar(tar(), out());
  EXPECT_EQ(read_text(out() / "graft.json"), "{}");
  EXPECT_EQ(read_text(out() / "run/a/b"), "deep");
  EXPECT_TRUE(fs::is_directory(out() / "empty"));
}

TEST_F(UnpackTar, WritesNothingOutsideOfTheFolder) {
  for (const char* name : {"../out", "/tmp/graft-unpack-test", "a/../../out"}) {
    write_tar(tar(), {{name, "x"}});
    refuse("leads out of the archive");
  }
  write_tar(tar(), {{"a", "", AE_IFLNK, "/tmp"}, {"a/x", "x"}});
  refuse("a is neither a file nor a folder");
  write_tar(tar(), {{"b", "x"}, {"a", "", AE_IFREG, "b"}});
  refuse("a is neither a file nor a folder");
  EXPECT_FALSE(fs::exists(folder_.path() / "in/out"));
  EXPECT_FALSE(fs::exists("/tmp/graft-unpack-test"));
}

TEST_F(UnpackTar, AFileInTheWayAndADeviceAreRefused) {
  write_tar(tar(), {{"a", "x"}, {"a/b", "y"}});
  refuse("cannot create the folder");
  write_tar(tar(), {{"null", "", AE_IFCHR}});
  refuse("null is neither a file nor a folder");
}

TEST_F(UnpackTar, OnlyWhatTheOwnerMayRunCanBeRunAndNoPowerComesWithIt) {
  write_tar(tar(), {{.name = "serve", .content = "x", .mode = 06777}, {.name = "a", .content = "x", .mode = 06677}});
  unpack_tar(tar(), out());
  using enum fs::perms;
  const auto serve = fs::status(out() / "serve").permissions(), other = fs::status(out() / "a").permissions();
  EXPECT_NE(serve & owner_exec, none);
  EXPECT_EQ(other & (owner_exec | group_exec | others_exec), none);
  for (const fs::perms each : {serve, other}) EXPECT_EQ(each & (set_uid | set_gid | others_write), none);
}

TEST_F(UnpackTar, StopsAtItsLimits) {
  write_tar(tar(), {{"a", std::string(3 << 20, 'x')}, {"b", "x"}});
  refuse("unpacked, it is more than 2 MiB", {.bytes = 2 << 20});
  refuse("more than 1 files", {.files = 1});
}

TEST_F(UnpackTar, SaysWhatIsNoTar) {
  write_file(tar(), "this is no tar at all");
  refuse("model.tar.gz: this is not a tar archive");
}

}  // namespace
}  // namespace graft
