#include "data/sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "data/sample_pattern.h"
#include "data/sample_scene.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using sample::Solid;
using sample::Vec3;

std::vector<Solid> all_solids() {
  std::vector<Solid> solids;
  for (const auto part : {sample::general_solids(), sample::domain_solids(), sample::clutter()}) {
    solids.insert(solids.end(), part.begin(), part.end());
  }
  return solids;
}

SampleOptions small() {
  return {.size = 32,
          .general_train = 2,
          .general_validation = 1,
          .domain_train = 2,
          .domain_validation = 1,
          .domain_test = 1};
}

std::map<std::string, Bytes> files_in(const fs::path& folder) {
  std::map<std::string, Bytes> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder)] = read_file(entry.path());
  }
  return files;
}

TEST(Sample, HasManyGeneralKindsAndSixOthersInTheDomain) {
  EXPECT_GE(sample::general_solids().size(), 24u);
  EXPECT_EQ(sample::domain_solids().size(), 6u);
  std::set<std::string_view> names;
  for (const Solid& solid : all_solids()) EXPECT_TRUE(names.insert(solid.name).second) << solid.name;
}

TEST(Sample, EverySolidFitsTheUnitSphereAndIsNotEmpty) {
  for (const Solid& solid : all_solids()) {
    Random random(Key{1});
    int inside = 0;
    float nearest = 1;
    for (int i = 0; i < 3000; ++i) {
      const Vec3 direction = sample::random_direction(random);
      nearest = std::min(nearest, solid.distance(direction * 1.04f));
      inside += solid.distance(direction * sample::uniform(random, 0, 1)) < 0;
    }
    EXPECT_GT(nearest, 0) << solid.name;
    EXPECT_GT(inside, 30) << solid.name;
  }
}

// A ray that walks by the distance would miss a surface if the distance grew faster than the way.
TEST(Sample, NoDistanceGrowsFasterThanTheWay) {
  for (const Solid& solid : all_solids()) {
    Random random(Key{2});
    float steepest = 0;
    for (int i = 0; i < 3000; ++i) {
      const Vec3 here = sample::random_direction(random) * sample::uniform(random, 0, 1.2);
      const Vec3 there = here + sample::random_direction(random) * 0.02f;
      steepest = std::max(steepest, std::abs(solid.distance(there) - solid.distance(here)) / 0.02f);
    }
    EXPECT_LT(steepest, 1.02f) << solid.name;
  }
}

TEST(Sample, ThePictureIsAFunctionOfItsKey) {
  const Solid& solid = sample::domain_solids()[0];
  const auto pixels = [&](std::uint64_t key) { return sample::draw(solid, 48, Key{key}).pixels; };
  EXPECT_EQ(pixels(1), pixels(1));
  EXPECT_NE(pixels(1), pixels(2));
}

TEST(Sample, ColoursDoNotTellTheLabel) {
  // The same key draws every kind in the same colours, so the corner, which no object covers, is the same.
  const auto corner = [](const Solid& solid) { return sample::draw(solid, 64, Key{5}).pixels[0]; };
  for (const Solid& solid : sample::general_solids())
    EXPECT_EQ(corner(solid), corner(sample::domain_solids()[0])) << solid.name;
}

TEST(Sample, WritesEverySplitAsFoldersOfLabels) {
  const TemporaryFolder folder;
  write_sample(folder.path(), small());
  const auto files = files_in(folder.path());
  EXPECT_EQ(files.size(), 3 * sample::general_solids().size() + 4 * sample::domain_solids().size());
  for (const char* name :
       {"general/train/mug/0001.jpg", "general/validation/car/0000.jpg", "domain/train/fish/0001.jpg",
        "domain/validation/fish/0000.jpg", "domain/test/rocket/0000.jpg"}) {
    ASSERT_TRUE(files.contains(name)) << name;
    EXPECT_EQ(decode(files.at(name)).width, 32);
  }
}

TEST(Sample, DrawsTheSameFilesAgainAndNoPictureTwice) {
  const TemporaryFolder one, other;
  write_sample(one.path(), small());
  write_sample(other.path(), small());
  const auto files = files_in(one.path());
  EXPECT_EQ(files, files_in(other.path()));
  std::set<Bytes> contents;
  for (const auto& [name, content] : files) EXPECT_TRUE(contents.insert(content).second) << name;
}

TEST(Sample, RefusesAFolderThatHoldsSomething) {
  const TemporaryFolder folder;
  write_file(folder.path() / "mine.txt", std::string_view("x"));
  try {
    write_sample(folder.path(), small());
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("is not empty"));
  }
}

TEST(Sample, RefusesSizesAndCountsWithoutSense) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_sample(folder.path(), {.size = 4}), Error);
  EXPECT_THROW(write_sample(folder.path(), {.general_train = 0}), Error);
}

}  // namespace
}  // namespace graft
