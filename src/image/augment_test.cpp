#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "image/image_testing.h"
#include "image/transform.h"

namespace graft {
namespace {

Augmentation everything() {
  Augmentation augmentation;
  augmentation.flip_vertical = 0.5;
  augmentation.rotate_degrees = 20;
  augmentation.brightness = augmentation.contrast = augmentation.saturation = 0.4;
  augmentation.hue = 0.1;
  augmentation.cutout = 0.3;
  return augmentation;
}

Preprocess small() {
  Preprocess preprocess;
  preprocess.width = preprocess.height = 32;
  return preprocess;
}

TEST(Augment, IsAFunctionOfPictureAndKeyOnAnyThread) {
  const Image image = pattern(61, 47);
  std::vector<Image> serial(16), parallel(16);
  for (std::size_t i = 0; i < 16; ++i) serial[i] = augment(image, everything(), small(), Key{i});
  parallel_for(16, 4, [&](std::size_t i) { parallel[15 - i] = augment(image, everything(), small(), Key{15 - i}); });
  std::set<std::vector<std::uint8_t>> different;
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(serial[i].pixels, parallel[i].pixels);
    different.insert(serial[i].pixels);
  }
  EXPECT_EQ(different.size(), 16u);
}

TEST(Augment, GivesTheNetworksSizeForAnyShape) {
  for (auto [width, height] : {std::pair(1, 1), std::pair(400, 3), std::pair(3, 400), std::pair(33, 31)}) {
    for (std::uint64_t key = 0; key < 20; ++key) {
      const Image image = augment(pattern(width, height), everything(), small(), Key{key});
      ASSERT_EQ(image.width, 32);
      ASSERT_EQ(image.pixels.size(), 32u * 32 * 3);
    }
  }
}

TEST(Augment, WithEverythingLeftOutIsPreprocessing) {
  Augmentation none;
  none.crop = false;
  none.flip_horizontal = 0;
  const Image image = pattern(61, 47);
  EXPECT_EQ(augment(image, none, small(), Key{7}).pixels, resize_and_crop(image, small()).pixels);
}

TEST(Augment, FlipsAboutHalf) {
  Augmentation flips;
  flips.crop = false;
  const Image image = pattern(61, 47), upright = resize_and_crop(image, small());
  int flipped = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    flipped += augment(image, flips, small(), derive(Key{1}, i)).pixels != upright.pixels;
  }
  EXPECT_NEAR(flipped, 200, 50);
}

TEST(AugmentationJson, IsReadAsWritten) {
  const Json json = Json::parse(to_json(everything()).dump());
  EXPECT_EQ(augmentation_from_json(json, "train.json"), everything());
  EXPECT_EQ(augmentation_from_json(Json::object(), "train.json"), Augmentation{});
}

TEST(AugmentationJson, RefusesWhatIsOutOfRange) {
  EXPECT_THROW(augmentation_from_json({{"hue", 0.7}}, "train.json"), Error);
  EXPECT_THROW(augmentation_from_json({{"min_area", 0.9}, {"max_area", 0.5}}, "train.json"), Error);
  EXPECT_THROW(augmentation_from_json({{"flip_horizontal", "often"}}, "train.json"), Error);
  EXPECT_THROW(augmentation_from_json(Json::array(), "train.json"), Error);
}

TEST(Augment, CoversTheSmallestCrop) {
  Augmentation augmentation;
  augmentation.min_area = 0.25;
  EXPECT_EQ(decode_options(augmentation, small()).cover_width, 64);
}

}  // namespace
}  // namespace graft
