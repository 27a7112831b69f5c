#include "archive/pack_tar.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "archive/unpack_tar.h"
#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class PackTar : public testing::Test {
 protected:
  PackTar() { make_folder(in()); }
  fs::path in() const { return folder_.path() / "model"; }
  fs::path out() const { return folder_.path() / "out"; }
  fs::path tar() const { return folder_.path() / "model.tar.gz"; }
  void put(const std::string& name, std::string_view content) const {
    make_folder((in() / name).parent_path());
    write_file(in() / name, content);
  }
  void repack() const {
    pack_tar_gz(in(), tar());
    unpack_tar(tar(), out());
  }

  TemporaryFolder folder_;
};

TEST_F(PackTar, WhatWasPackedComesOutAgain) {
  const std::string large(3 << 20, 'x'), deep(120, 'd');
  put("graft.json", "{}");
  put("a/" + deep + "/" + deep + "/Äpfel", "deep");
  put("large", large);
  put("empty", "");
  repack();
  EXPECT_EQ(read_text(out() / "graft.json"), "{}");
  EXPECT_EQ(read_text(out() / "a" / deep / deep / "Äpfel"), "deep");
  EXPECT_EQ(read_text(out() / "large"), large);
  EXPECT_EQ(read_text(out() / "empty"), "");
  EXPECT_LT(fs::file_size(tar()), 100'000U);
}

TEST_F(PackTar, LinksStayOutside) {
  write_file(folder_.path() / "secret", "key");
  fs::create_symlink(folder_.path() / "secret", in() / "link");
  fs::create_directory_symlink(folder_.path(), in() / "folder");
  put("file", "x");
  repack();
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(out())) names.push_back(entry.path().filename());
  EXPECT_THAT(names, ElementsAre("file"));
}

TEST_F(PackTar, TheSameFilesAreTheSameBytes) {
  put("a", "1");
  const auto time = fs::last_write_time(in() / "a");
  std::vector<Bytes> packed;
  for (const std::vector<std::string>& order : {std::vector<std::string>{"b", "a", "c/d"}, {"c/d", "a", "b"}}) {
    fs::remove_all(in());
    for (const std::string& name : order) {
      put(name, name);
      fs::last_write_time(in() / name, time);
    }
    pack_tar_gz(in(), tar());
    packed.push_back(read_file(tar()));
  }
  EXPECT_EQ(packed[0], packed[1]);
}

TEST_F(PackTar, AnEmptyFolderIsAnEmptyTar) {
  repack();
  EXPECT_TRUE(fs::is_empty(out()));
}

TEST_F(PackTar, AFailureNamesTheFileAndLeavesNone) {
  put("a", "x");
  EXPECT_THAT([&] { pack_tar_gz(in(), folder_.path() / "none/x"); }, ThrowsMessage<Error>(HasSubstr("none/x")));
  write_file(in() / "b", "x");
  fs::permissions(in() / "b", fs::perms::none);
  if (::geteuid() == 0) return;
  EXPECT_THAT([&] { pack_tar_gz(in(), tar()); }, ThrowsMessage<Error>(HasSubstr("model/b")));
  EXPECT_FALSE(fs::exists(tar()));
}

}  // namespace
}  // namespace graft
