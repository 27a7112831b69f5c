#include "learn/feature_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "base/file.h"

namespace graft {
namespace {

Digest content(int number) {
  return sha256(as_bytes(std::to_string(number)));
}

std::filesystem::path only_file(const std::filesystem::path& folder) {
  return std::filesystem::directory_iterator(folder)->path();
}

TEST(FeatureCache, KeepsFeaturesBetweenRuns) {
  const TemporaryFolder folder;
  const std::vector<float> features{1, 2, 3};
  FeatureCache(folder.path(), "backbone", 3).add(content(1), 0, features);
  const FeatureCache cache(folder.path(), "backbone", 3);
  std::vector<float> out(3);
  EXPECT_TRUE(cache.find(content(1), 0, out));
  EXPECT_EQ(out, features);
  EXPECT_FALSE(cache.find(content(1), 1, out));
  EXPECT_FALSE(cache.find(content(2), 0, out));
  EXPECT_FALSE(FeatureCache(folder.path(), "another backbone", 3).find(content(1), 0, out));
}

TEST(FeatureCache, DropsATornRecordAndWritesOverIt) {
  const TemporaryFolder folder;
  const std::vector<float> features{1, 2, 3};
  {
    FeatureCache cache(folder.path(), "backbone", 3);
    cache.add(content(1), 0, features);
    cache.add(content(2), 0, features);
  }
  std::filesystem::resize_file(only_file(folder.path()), 60 + 30);
  FeatureCache cache(folder.path(), "backbone", 3);
  std::vector<float> out(3);
  EXPECT_TRUE(cache.find(content(1), 0, out));
  EXPECT_FALSE(cache.find(content(2), 0, out));
  cache.add(content(2), 0, features);
  EXPECT_TRUE(FeatureCache(folder.path(), "backbone", 3).find(content(2), 0, out));
}

TEST(FeatureCache, DoesNotReturnWhatTheDiskDamaged) {
  const TemporaryFolder folder;
  FeatureCache(folder.path(), "backbone", 3).add(content(1), 0, std::vector<float>{1, 2, 3});
  Bytes bytes = read_file(only_file(folder.path()));
  bytes.back() ^= std::byte{1};
  write_file(only_file(folder.path()), bytes);
  std::vector<float> out(3);
  EXPECT_FALSE(FeatureCache(folder.path(), "backbone", 3).find(content(1), 0, out));
}

TEST(FeatureCache, WithoutAFolderItKeepsNothing) {
  FeatureCache cache({}, "backbone", 3);
  cache.add(content(1), 0, std::vector<float>{1, 2, 3});
  std::vector<float> out(3);
  EXPECT_FALSE(cache.find(content(1), 0, out));
}

}  // namespace
}  // namespace graft
