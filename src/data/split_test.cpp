#include "data/split.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace graft {
namespace {

Digest digest_of(std::uint64_t number) {
  Bytes bytes;
  append(bytes, number);
  return sha256(bytes);
}

struct Images {
  std::vector<Digest> digests;
  std::vector<int> labels;

  void add(std::uint64_t number, int label) {
    digests.push_back(digest_of(number));
    labels.push_back(label);
  }
  std::vector<Split> assign(const SplitFractions& fractions) const { return assign_splits(digests, labels, fractions); }
};

Images images_of(std::size_t labels, std::size_t per_label, std::uint64_t first = 0) {
  Images images;
  for (std::size_t i = 0; i < labels * per_label; ++i) images.add(first + i, static_cast<int>(i % labels));
  return images;
}

std::size_t count(const std::vector<Split>& splits, Split split, const std::vector<int>& labels, int label) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < splits.size(); ++i) sum += splits[i] == split && labels[i] == label;
  return sum;
}

TEST(Split, SharesAreNearWhatIsAskedInEveryLabel) {
  const Images images = images_of(5, 2000);
  const std::vector<Split> splits = images.assign({0.2, 0.1});
  for (int label = 0; label < 5; ++label) {
    EXPECT_NEAR(count(splits, Split::validation, images.labels, label), 400.0, 4 * std::sqrt(320.0));
    EXPECT_NEAR(count(splits, Split::test, images.labels, label), 200.0, 4 * std::sqrt(180.0));
  }
}

TEST(Split, AnImageKeepsItsPartWhenOthersAreAdded) {
  Images images = images_of(4, 300);
  const std::vector<Split> before = images.assign({0.2, 0.2});
  for (std::uint64_t i = 0; i < 1000; ++i) images.add(10'000 + i, static_cast<int>(i % 7));
  std::vector<Split> after = images.assign({0.2, 0.2});
  after.resize(before.size());
  EXPECT_EQ(before, after);
}

TEST(Split, ThePartsOfValidationAndTestDoNotDependOnEachOther) {
  const Images images = images_of(2, 500);
  const std::vector<Split> one = images.assign({0.2, 0}), both = images.assign({0.2, 0.3});
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i] == Split::validation, both[i] == Split::validation);
}

TEST(Split, DoesNotDependOnTheOrderOfImages) {
  const Images images = images_of(30, 4);
  const std::vector<Split> splits = images.assign({0.1, 0.1});
  Images shuffled;
  const auto order = permutation(images.labels.size(), Key{1});
  for (std::size_t i : order) shuffled.add(i, images.labels[i]);
  const std::vector<Split> again = shuffled.assign({0.1, 0.1});
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(again[i], splits[order[i]]);
}

TEST(Split, EveryLabelOfTwoImagesHasOneForTrainingAndOneForValidation) {
  for (std::size_t per_label : {2u, 3u, 5u}) {
    for (const SplitFractions fractions : {SplitFractions{0.05, 0}, SplitFractions{0.9, 0}, SplitFractions{0.3, 0.6}}) {
      const Images images = images_of(300, per_label);
      const std::vector<Split> splits = images.assign(fractions);
      for (int label = 0; label < 300; ++label) {
        EXPECT_GE(count(splits, Split::train, images.labels, label), 1u);
        EXPECT_GE(count(splits, Split::validation, images.labels, label), 1u);
      }
    }
  }
}

TEST(Split, ASingleImageIsForTraining) {
  const Images images = images_of(100, 1);
  for (Split split : images.assign({0.4, 0.4})) EXPECT_EQ(split, Split::train);
}

TEST(Split, AMovedImageIsTheOneNearestToValidation) {
  // A small label gets its validation image from what a larger share would have given it.
  const Images images = images_of(200, 3);
  const std::vector<Split> small = images.assign({0.01, 0}), large = images.assign({0.6, 0});
  std::size_t moved_elsewhere = 0;
  for (std::size_t i = 0; i < small.size(); ++i)
    moved_elsewhere += small[i] == Split::validation && large[i] != Split::validation;
  EXPECT_EQ(moved_elsewhere, 0u);
}

TEST(Split, CopiesOfAnImageAreTogetherAlsoUnderDifferentLabels) {
  Images images = images_of(10, 3);
  for (std::uint64_t i = 0; i < 30; ++i) images.add(i, static_cast<int>((i + i / 10) % 10));
  for (const double share : {0.05, 0.3, 0.8}) {
    const std::vector<Split> splits = images.assign({share, 0.1});
    for (std::size_t i = 0; i < 30; ++i) EXPECT_EQ(splits[i], splits[i + 30]);
  }
}

TEST(Split, RefusesSharesThatLeaveNothingToTrainOn) {
  const Images images = images_of(2, 2);
  EXPECT_THAT(
      [&] {
        images.assign({0.5, 0.5});
      },
      testing::ThrowsMessage<Error>(testing::HasSubstr("leave something to train on")));
  EXPECT_THROW(images.assign({-0.1, 0}), Error);
  EXPECT_THROW(images.assign({std::nan(""), 0}), Error);
  EXPECT_TRUE(assign_splits({}, {}, {}).empty());
}

}  // namespace
}  // namespace graft
