#include "image/transform.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "image/image_testing.h"

namespace graft {
namespace {

Interpolation interpolation_named(const std::string& name) {
  return name == "nearest"    ? Interpolation::nearest
         : name == "bilinear" ? Interpolation::bilinear
                              : Interpolation::bicubic;
}

// Recorded from Pillow by tools/record_image_golden.py.
TEST(Resize, EqualsPillow) {
  for (const Json& entry : golden("transforms.json", "resize")) {
    const auto size = entry.at("size").get<std::vector<int>>(), target = entry.at("target").get<std::vector<int>>();
    const auto box = entry.at("box").get<std::vector<double>>();
    const Image result = resize(pattern(size[0], size[1]), target[0], target[1],
                                interpolation_named(entry.at("interpolation")), {box[0], box[1], box[2], box[3]});
    EXPECT_EQ(result.pixels, pixels_of(entry)) << entry.dump().substr(0, 120);
  }
}

TEST(Resize, LeavesAPictureOfTheSizeAsItIs) {
  const Image image = pattern(19, 11);
  for (auto interpolation : {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic}) {
    EXPECT_EQ(resize(image, 19, 11, interpolation).pixels, image.pixels);
  }
}

TEST(Resize, RefusesABoxBesideThePicture) {
  const Image image = pattern(8, 8);
  EXPECT_THROW(resize(image, 4, 4, Interpolation::bilinear, {0, 0, 8.5, 8}), Error);
  EXPECT_THROW(resize(image, 4, 4, Interpolation::bilinear, {3, 3, 3, 8}), Error);
  EXPECT_THROW(resize(image, 0, 4), Error);
  EXPECT_THROW(resize(Image{}, 4, 4), Error);
}

TEST(Crop, TakesTheRectangle) {
  const Image image = pattern(9, 7);
  const Image part = crop(image, 2, 3, 4, 2);
  EXPECT_EQ(part.width, 4);
  EXPECT_EQ(part.pixels[0], image.pixels[3 * (3 * 9 + 2)]);
  EXPECT_EQ(part.pixels.back(), image.pixels[3 * (4 * 9 + 5) + 2]);
  EXPECT_THROW(crop(image, 6, 0, 4, 2), Error);
}

TEST(Flip, TwiceIsNothing) {
  const Image image = pattern(9, 7);
  EXPECT_EQ(flip_horizontal(flip_horizontal(image)).pixels, image.pixels);
  EXPECT_EQ(flip_vertical(flip_vertical(image)).pixels, image.pixels);
  EXPECT_EQ(flip_horizontal(image).pixels[0], image.pixels[3 * 8]);
  EXPECT_EQ(flip_vertical(image).pixels[0], image.pixels[std::size_t{3} * 9 * 6]);
}

// Pillow samples the same positions; at the border it has no pixel where this blends with the fill.
TEST(Rotate, IsNearPillow) {
  for (const Json& entry : golden("transforms.json", "rotate")) {
    const Image result = rotate(smooth(17, 17), entry.at("degrees"));
    EXPECT_LT(mean_difference(result.pixels, pixels_of(entry)), 3) << entry.at("degrees");
    EXPECT_EQ(result.pixels[3 * (8 * 17 + 8)], smooth(17, 17).pixels[3 * (8 * 17 + 8)]);
  }
}

TEST(Rotate, ByNothingIsNothing) {
  EXPECT_EQ(rotate(pattern(10, 13), 0).pixels, pattern(10, 13).pixels);
}

// Recorded from torchvision on Pillow images. Pillow turns hues in 256 steps, this does not.
TEST(AdjustColour, EqualsTorchvision) {
  for (const Json& entry : golden("transforms.json", "colour")) {
    const auto name = entry.at("name").get<std::string>();
    const double factor = entry.at("factor");
    const auto factor_if = [&](const char* which, double otherwise) { return name == which ? factor : otherwise; };
    const Image result = adjust_colour(pattern(9, 7), factor_if("brightness", 1), factor_if("contrast", 1),
                                       factor_if("saturation", 1), factor_if("hue", 0));
    if (name == "hue") {
      EXPECT_LT(mean_difference(result.pixels, pixels_of(entry)), 3) << factor;
    } else {
      EXPECT_EQ(result.pixels, pixels_of(entry)) << name << " " << factor;
    }
  }
}

TEST(AdjustColour, OfOneLeavesThePicture) {
  EXPECT_EQ(adjust_colour(pattern(9, 7), 1, 1, 1, 0).pixels, pattern(9, 7).pixels);
}

TEST(AdjustColour, OfAWholeTurnOfHueIsNothing) {
  const Image half = adjust_colour(pattern(9, 7), 1, 1, 1, 0.5);
  EXPECT_LT(mean_difference(adjust_colour(half, 1, 1, 1, 0.5).pixels, pattern(9, 7).pixels), 0.5);
}

TEST(Cutout, FillsOnlyWhatIsInside) {
  const Image image = cutout(pattern(8, 8), 6, -2, 5, 4);
  EXPECT_EQ(image.pixels[3 * 7], 128);
  EXPECT_EQ(image.pixels[3 * 5], pattern(8, 8).pixels[3 * 5]);
  EXPECT_EQ(image.pixels[3 * (2 * 8 + 7)], pattern(8, 8).pixels[3 * (2 * 8 + 7)]);
}

}  // namespace
}  // namespace graft
