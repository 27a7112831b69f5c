#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "remote/test_store.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Folder : public testing::Test {
 protected:
  Moved down(const std::string& prefix) { return download_folder(store_.settings(), parse_s3(prefix), folder()); }
  std::string problem(const std::string& prefix) {
    return problem_of([&] { down(prefix); });
  }
  fs::path folder() const { return temporary_.path() / "folder"; }
  std::string local(const std::string& name) const { return read_text(folder() / name); }

  TemporaryFolder temporary_;
  TestStore store_;
};

TEST_F(Folder, ComesDownAsItIs) {
  store_.put("bucket/train/ants/1.jpg", "ant");
  store_.put("bucket/train/ants/2 ö.jpg", "another");
  store_.put("bucket/train/bees/1.jpg", "bee");
  store_.put("bucket/train/empty/", "");
  store_.put("bucket/train/", "");
  store_.put("bucket/train2/x.jpg", "not of it");
  std::uint64_t last = 0, all = 0;
  const Moved moved =
      download_folder(store_.settings(), {"bucket", "train/"}, folder(), [&](std::uint64_t done, std::uint64_t total) {
        last = done;
        all = total;
      });
  EXPECT_EQ(moved.objects, 3u);
  EXPECT_EQ(moved.bytes, 13u);
  EXPECT_EQ(last, 13u);
  EXPECT_EQ(all, 13u);
  EXPECT_EQ(local("ants/1.jpg"), "ant");
  EXPECT_EQ(local("ants/2 ö.jpg"), "another");
  EXPECT_TRUE(fs::is_directory(folder() / "empty"));
  EXPECT_FALSE(fs::exists(folder() / "x.jpg"));
}

TEST_F(Folder, IsNotFetchedAgainWhereItIsTheSame) {
  store_.put("bucket/d/same", "same");
  store_.put("bucket/d/changed", "older");
  store_.put("bucket/d/longer", "short");
  EXPECT_EQ(down("s3://bucket/d/").objects, 3u);
  EXPECT_EQ(down("s3://bucket/d/").objects, 0u);
  store_.put("bucket/d/changed", "newer", 1'700'000'001);
  store_.put("bucket/d/longer", "longer");
  EXPECT_EQ(down("s3://bucket/d/").objects, 2u);
  EXPECT_EQ(local("changed"), "newer");
  EXPECT_EQ(local("longer"), "longer");
}

TEST_F(Folder, IsMirroredWithoutWhatTheStoreDoesNotHold) {
  store_.put("bucket/d/a/1", "1");
  store_.put("bucket/d/b/2", "2");
  down("s3://bucket/d/");
  store_.erase("bucket/d/a/1");
  store_.put("bucket/d/a", "a file now");
  const Moved moved = mirror_folder(store_.settings(), {"bucket", "d/"}, folder());
  EXPECT_EQ(moved.objects, 1u);
  EXPECT_EQ(moved.all, 2u);
  EXPECT_EQ(local("a"), "a file now");
  store_.erase("bucket/d/a");
  mirror_folder(store_.settings(), {"bucket", "d/"}, folder());
  EXPECT_FALSE(fs::exists(folder() / "a"));
  EXPECT_EQ(local("b/2"), "2");
}

TEST_F(Folder, FetchesOneFileOnlyWhenItChanged) {
  store_.put("bucket/file", "one");
  const fs::path file = temporary_.path() / "file";
  EXPECT_TRUE(download_changed(store_.settings(), {"bucket", "file"}, file));
  EXPECT_FALSE(download_changed(store_.settings(), {"bucket", "file"}, file));
  store_.put("bucket/file", "two", 1'700'000'001);
  EXPECT_TRUE(download_changed(store_.settings(), {"bucket", "file"}, file));
  EXPECT_EQ(read_text(file), "two");
  EXPECT_THAT(problem_of([&] {
                download_changed(store_.settings(), {"bucket", "none"}, file);
              }),
              HasSubstr("not_found: there is no object s3://bucket/none"));
}

TEST_F(Folder, SeesAChangeWithinTheSameSecond) {
  const std::int64_t now = std::time(nullptr);
  store_.put("bucket/d/file", "older", now);
  down("s3://bucket/d/");
  store_.put("bucket/d/file", "newer", now);
  EXPECT_EQ(down("s3://bucket/d/").objects, 1u);
  EXPECT_EQ(local("file"), "newer");
}

TEST_F(Folder, OfOneObjectHoldsItByItsLastName) {
  store_.put("bucket/models/model.tar.gz", "model");
  EXPECT_EQ(down("s3://bucket/models/model.tar.gz").objects, 1u);
  EXPECT_EQ(local("model.tar.gz"), "model");
}

TEST_F(Folder, HoldsAllThatBeginsWithAPrefix) {
  store_.put("bucket/data/train/a", "1");
  store_.put("bucket/data/train2/b", "2");
  down("s3://bucket/data/train");
  EXPECT_EQ(local("a"), "1");
  EXPECT_EQ(local("train2/b"), "2");
}

TEST_F(Folder, RefusesNamesThatLeaveIt) {
  for (const std::string& key :
       std::vector<std::string>{"../up", "a/../../up", "/absolute", "a//b", "a/./b", "..", std::string("a\0b", 3)}) {
    store_.put("bucket/d/" + key, "x");
    store_.put("bucket/d/0", "good");
    EXPECT_THAT(problem("s3://bucket/d/"), HasSubstr("no file below a folder can have this name")) << key;
    EXPECT_FALSE(fs::exists(folder())) << key;
    store_.erase("bucket/d/" + key);
  }
}

TEST_F(Folder, RefusesNamesThatAreAFileAndAFolder) {
  store_.put("bucket/d/a", "x");
  store_.put("bucket/d/a-b", "x");
  store_.put("bucket/d/a/b", "x");
  EXPECT_THAT(problem("s3://bucket/d/"), HasSubstr("a is an object and a folder of others"));
  store_.erase("bucket/d/a");
  store_.put("bucket/d/c/", "content");
  EXPECT_THAT(problem("s3://bucket/d/"), HasSubstr("ends in '/' and has content"));
}

TEST_F(Folder, LeavesNothingHalfWritten) {
  store_.put("bucket/d/a", "content");
  store_.fault = [](const Request& request) -> std::optional<Response> {
    if (!request.path.ends_with("/a")) return std::nullopt;
    return Response{200, "", "half", {{"ETag", "\"00000000000000000000000000000000\""}}};
  };
  EXPECT_THAT(problem("s3://bucket/d/"), HasSubstr("s3://bucket/d/a: what arrived does not match its ETag"));
  EXPECT_TRUE(fs::is_empty(folder()));
}

TEST_F(Folder, GoesUpAndOnlyWhatDiffersGoesAgain) {
  fs::create_directories(folder() / "ants");
  write_file(folder() / "ants/1.jpg", "ant");
  write_file(folder() / "2 ö.jpg", "another");
  const auto up = [&] { return upload_folder(store_.settings(), folder(), parse_s3("s3://bucket/set")); };
  EXPECT_EQ(up().objects, 2u);
  EXPECT_EQ(store_.content("bucket/set/ants/1.jpg"), "ant");
  EXPECT_EQ(store_.content("bucket/set/2 ö.jpg"), "another");
  EXPECT_EQ(up().objects, 0u);
  write_file(folder() / "ants/1.jpg", "bee");
  EXPECT_EQ(up().objects, 1u);
  EXPECT_EQ(store_.content("bucket/set/ants/1.jpg"), "bee");
}

TEST_F(Folder, DoesNotFollowLinksToFoldersUp) {
  fs::create_directories(folder());
  fs::create_directory_symlink("/etc", folder() / "link");
  EXPECT_THAT(problem_of([&] { upload_folder(store_.settings(), folder(), parse_s3("s3://bucket/set")); }),
              HasSubstr("is a link to a folder"));
}

}  // namespace
}  // namespace graft
