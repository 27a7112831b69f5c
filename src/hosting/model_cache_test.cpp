#include "hosting/model_cache.h"

#include "hosting/hosting_testing.h"

namespace graft {
namespace {

using testing::HasSubstr;

class ModelCacheTest : public testing::Test {
 protected:
  ModelCacheTest()
      : cache_({.folder = folder_.path() / "models",
                .s3 = [this](const std::string&) { return store_.settings(); },
                .most_unused = 0}) {}
  CachedModelPointer get(const std::string& uri, const std::string& account = "1") {
    return cache_.get(cache_.find(account, uri));
  }
  std::string problem(const std::string& uri) {
    try {
      get(uri);
      return "none";
    } catch (const Error& error) {
      return error.what();
    }
  }

  test::Store store_;
  TemporaryFolder folder_;
  ModelCache cache_;
};

TEST_F(ModelCacheTest, DownloadsAVersionOnce) {
  const std::string uri = store_.put_model("m", {{"name", "first"}, {"code/x", "y"}});
  const CachedModelPointer model = get(uri), again = get(uri);
  EXPECT_EQ(model, again);
  EXPECT_EQ(read_text(model->folder / "name"), "first");
  EXPECT_EQ(read_text(model->folder / "code/x"), "y");
  EXPECT_EQ(model->bytes, 6U);
  EXPECT_EQ(store_.gets("bucket/m.tar.gz"), 1);
}

TEST_F(ModelCacheTest, WhatIsThereAnewIsAnotherModel) {
  const CachedModelPointer first = get(store_.put_model("m", {{"name", "first"}}));
  const CachedModelPointer second = get(store_.put_model("m", {{"name", "second"}}));
  EXPECT_NE(first->key, second->key);
  EXPECT_EQ(read_text(first->folder / "name"), "first");
  EXPECT_EQ(read_text(second->folder / "name"), "second");
}

TEST_F(ModelCacheTest, AccountsDoNotShareFolders) {
  const std::string uri = store_.put_model("m", {{"name", "first"}});
  EXPECT_NE(get(uri, "1")->folder.parent_path().parent_path(), get(uri, "../2")->folder.parent_path().parent_path());
}

TEST_F(ModelCacheTest, TakesOffTheDiskWhatNobodyServes) {
  std::filesystem::path folder;
  {
    const CachedModelPointer model = get(store_.put_model("m", {{"name", "first"}}));
    folder = model->folder;
    get(store_.put_model("n", {{"name", "other"}}));
    EXPECT_TRUE(std::filesystem::exists(folder));
  }
  get(store_.put_model("n", {{"name", "third"}}));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(ModelCacheTest, EndsTheDownloadOfWhatNobodyWantsAnyMore) {
  const ModelVersion version = cache_.find("1", store_.put_model("m", {{"name", "first"}}));
  EXPECT_THROW(cache_.get(version, [] { return true; }), Error);
  EXPECT_FALSE(std::filesystem::exists(cache_.folder_of("1") / version.key));
  EXPECT_EQ(read_text(cache_.get(version, [] { return false; })->folder / "name"), "first");
}

TEST_F(ModelCacheTest, SaysInSageMakersWordsThatNothingIsThere) {
  EXPECT_EQ(problem("s3://bucket/none.tar.gz"), "Could not find model data at s3://bucket/none.tar.gz.");
  EXPECT_THAT(problem("https://example.com/a"), HasSubstr("is not at s3://BUCKET/KEY"));
}

TEST_F(ModelCacheTest, ABadArchiveIsRefusedWithoutTellingWhereItLies) {
  store_.put("bucket/bad.tar.gz", "no archive at all, but long enough to be looked at");
  const std::string sentence = problem("s3://bucket/bad.tar.gz");
  EXPECT_THAT(sentence, HasSubstr("s3://bucket/bad.tar.gz"));
  EXPECT_THAT(sentence, testing::Not(HasSubstr(folder_.path().string())));
}

}  // namespace
}  // namespace graft
