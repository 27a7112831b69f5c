#include "image/preprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "image/image_testing.h"

namespace graft {
namespace {

using Fit = Preprocess::Fit;

Preprocess of_size(int width, int height, Fit fit = Fit::crop) {
  Preprocess preprocess;
  preprocess.width = width;
  preprocess.height = height;
  preprocess.fit = fit;
  return preprocess;
}

std::vector<float> step_by_step(ByteView bytes, const Preprocess& preprocess) {
  std::vector<float> out(std::size_t{3} * preprocess.width * preprocess.height);
  normalise(resize_and_crop(decode(bytes, decode_options(preprocess)), preprocess), preprocess, out);
  return out;
}

std::vector<float> at_once(ByteView bytes, const Preprocess& preprocess) {
  std::vector<float> out(std::size_t{3} * preprocess.width * preprocess.height);
  preprocess_file(bytes, preprocess, out);
  return out;
}

// Recorded by tools/record_image_golden.py: Resize(16), CenterCrop(14).
TEST(ResizeAndCrop, EqualsTorchvision) {
  for (const Json& entry : golden("transforms.json", "crop")) {
    const auto size = entry.at("size").get<std::vector<int>>();
    EXPECT_EQ(resize_and_crop(pattern(size[0], size[1]), of_size(14, 14)).pixels, pixels_of(entry)) << size[0];
  }
}

TEST(ResizeAndCrop, PadsWithTheColourThatBecomesZero) {
  const Preprocess preprocess = of_size(20, 20, Fit::pad);
  const Image image = resize_and_crop(pattern(40, 10), preprocess);
  EXPECT_EQ(image.pixels[0], 124);  // 0.485 * 255
  std::vector<float> out(3 * 20 * 20);
  normalise(image, preprocess, out);
  EXPECT_NEAR(out[0], 0, 0.01);
  EXPECT_NE(image.pixels[3 * 20 * 10], 124);
}

TEST(Normalise, IsTheFormula) {
  const Preprocess preprocess = of_size(19, 7);
  const Image image = pattern(19, 7);
  std::vector<float> out(image.pixels.size());
  normalise(image, preprocess, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t channel = i / (19 * 7), pixel = i % (19 * 7);
    const double value = image.pixels[3 * pixel + channel] / 255.0;
    ASSERT_NEAR(out[i], (value - preprocess.mean[channel]) / preprocess.std[channel], 1e-5);
  }
}

TEST(Normalise, RefusesAnotherSize) {
  std::vector<float> out(3 * 19 * 7);
  EXPECT_THROW(normalise(pattern(18, 7), of_size(19, 7), out), Error);
  out.pop_back();
  EXPECT_THROW(normalise(pattern(19, 7), of_size(19, 7), out), Error);
}

TEST(PreprocessFile, IsDecodeResizeAndNormalise) {
  for (auto [width, height] : {std::pair(501, 375), std::pair(375, 500), std::pair(97, 801), std::pair(30, 20),
                               std::pair(1001, 750), std::pair(683, 513)}) {
    const Bytes bytes = encode_jpeg(pattern(width, height), 85);
    for (auto fit : {Fit::crop, Fit::stretch, Fit::pad}) {
      for (auto interpolation : {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic}) {
        Preprocess preprocess = of_size(112, 96, fit);
        preprocess.interpolation = interpolation;
        const std::vector<float> expected = step_by_step(bytes, preprocess);
        ASSERT_EQ(at_once(bytes, preprocess), expected)
            << width << " x " << height << ", fit " << static_cast<int>(fit);
        std::vector<float> later(expected.size());
        normalise(resize_and_crop_file(bytes, preprocess), preprocess, later);
        ASSERT_EQ(later, expected) << width << " x " << height << ", fit " << static_cast<int>(fit);
      }
    }
  }
}

TEST(PreprocessFile, TakesEveryFormat) {
  for (const Json& entry : golden("formats.json", "files")) {
    const Bytes bytes = testdata(entry.at("file"));
    EXPECT_EQ(at_once(bytes, of_size(8, 8)), step_by_step(bytes, of_size(8, 8))) << entry.at("file");
  }
}

// Rows below the crop are not decoded, and their absence is noticed all the same.
TEST(PreprocessFile, RefusesATruncatedJpeg) {
  const Bytes bytes = encode_jpeg(pattern(300, 300));
  Preprocess preprocess = of_size(32, 32);
  preprocess.crop_fraction = 0.5;
  EXPECT_NO_THROW(at_once(bytes, preprocess));
  for (std::size_t cut : {bytes.size() / 8, bytes.size() / 2, bytes.size() - 1}) {
    EXPECT_THROW(at_once(ByteView(bytes).first(bytes.size() - cut), preprocess), Error) << cut;
  }
}

TEST(PreprocessFile, FromASmallerDecodingStaysClose) {
  const Bytes bytes = encode_jpeg(smooth(1024, 768), 95);
  const Preprocess preprocess = of_size(224, 224);
  const Image full = resize_and_crop(decode(bytes), preprocess);
  const Image reduced = resize_and_crop(decode(bytes, decode_options(preprocess)), preprocess);
  EXPECT_LT(mean_difference(full.pixels, reduced.pixels), 1);
}

TEST(PreprocessJson, IsReadAsWritten) {
  Preprocess preprocess = of_size(96, 128, Fit::pad);
  preprocess.interpolation = Interpolation::bicubic;
  preprocess.scale = 1 / 127.5;
  preprocess.mean = {1, 1, 1};
  EXPECT_EQ(preprocess_from_json(Json::parse(to_json(preprocess).dump()), "graft.json"), preprocess);
}

TEST(PreprocessJson, NamesTheFieldThatIsWrong) {
  const auto error_of = [](const char* name, const Json& value) -> std::string {
    Json json = Json::parse(to_json(Preprocess{}).dump());
    json[name] = value;
    try {
      preprocess_from_json(json, "graft.json");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  using testing::HasSubstr;
  EXPECT_THAT(error_of("width", 0), HasSubstr("\"width\" is 0; it can be 1 to 4096"));
  EXPECT_THAT(error_of("fit", "zoom"), HasSubstr("it can be stretch, crop, pad"));
  EXPECT_THAT(error_of("std", {1, 0, 1}), HasSubstr("\"std\" holds 0"));
  EXPECT_THAT(error_of("mean", {1, 0}), HasSubstr("\"mean\" has 2 numbers"));
  EXPECT_THAT(error_of("crop_fraction", 2), HasSubstr("\"crop_fraction\" is 2"));
  EXPECT_THAT(error_of("scale", nullptr), HasSubstr("\"scale\" has the wrong type"));
}

TEST(PreprocessFile, IsTheSameInPartsForPhotographs) {
  const std::filesystem::path folder = GRAFT_HUB "/hymenoptera/validation/bees";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the photographs are not there";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const Bytes bytes = read_file(entry.path());
    ASSERT_EQ(at_once(bytes, of_size(224, 224)), step_by_step(bytes, of_size(224, 224))) << entry.path();
    ASSERT_EQ(at_once(bytes, of_size(96, 96)), step_by_step(bytes, of_size(96, 96))) << entry.path();
  }
}

}  // namespace
}  // namespace graft
