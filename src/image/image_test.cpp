#include "image/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "image/image_testing.h"

namespace graft {
namespace {

using testing::HasSubstr;

std::string error_of(ByteView bytes, const DecodeOptions& options = {}) {
  try {
    decode(bytes, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::invalid);
    return error.what();
  }
  return "";
}

// The files and their pixels are written by tools/record_image_golden.py.
TEST(Decode, GivesPillowsPixelsForEveryFormat) {
  for (const Json& entry : golden("formats.json", "files")) {
    const auto name = entry.at("file").get<std::string>();
    const Image image = decode(testdata(name));
    EXPECT_EQ(image.width, entry.at("width")) << name;
    EXPECT_EQ(image.height, entry.at("height")) << name;
    EXPECT_EQ(image.pixels, pixels_of(entry)) << name;
  }
}

TEST(ReadInfo, SaysTheSizeThatDecodingGives) {
  for (const Json& entry : golden("formats.json", "files")) {
    const auto name = entry.at("file").get<std::string>();
    const ImageInfo info = read_info(testdata(name));
    EXPECT_EQ(info.width, entry.at("width")) << name;
    EXPECT_EQ(info.height, entry.at("height")) << name;
    EXPECT_EQ(info.animated, name.starts_with("animated")) << name;
  }
}

TEST(Decode, RefusesEveryTruncation) {
  for (const Json& entry : golden("formats.json", "files")) {
    const auto name = entry.at("file").get<std::string>();
    const Bytes whole = testdata(name);
    // A GIF is complete with its first frame, and a reader of BMP needs nothing behind the last row.
    if (name.ends_with(".gif") || name.ends_with(".bmp")) continue;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      ASSERT_NE(error_of(ByteView(whole).first(size)), "") << name << " cut at " << size;
    }
  }
}

TEST(Decode, RefusesTruncatedGifAndBmp) {
  for (const char* name : {"plain.gif", "interlaced.gif", "animated.gif", "plain.bmp", "bits_4.bmp", "masks.bmp"}) {
    const Bytes whole = testdata(name);
    for (std::size_t size = 0; size < whole.size() / 2; ++size) {
      ASSERT_NE(error_of(ByteView(whole).first(size)), "") << name << " cut at " << size;
    }
  }
}

TEST(Decode, SurvivesEveryDamagedByte) {
  for (const Json& entry : golden("formats.json", "files")) {
    Bytes bytes = testdata(entry.at("file").get<std::string>());
    for (auto& byte : bytes) {
      for (int damage : {0x01, 0x80, 0xFF}) {
        byte ^= std::byte(damage);
        error_of(bytes, {.max_pixels = 10'000});
        byte ^= std::byte(damage);
      }
    }
  }
}

TEST(Decode, RefusesABombFromItsHeader) {
  Bytes bomb = testdata("plain.png");
  const std::uint8_t side[4] = {0, 0, 60000 >> 8, 60000 & 255};
  std::memcpy(&bomb[16], side, 4);
  std::memcpy(&bomb[20], side, 4);
  EXPECT_EQ(read_info(bomb).width, 60000);
  EXPECT_EQ(error_of(bomb), "the PNG of 60000 x 60000 pixels is larger than the limit of 100000000 pixels");
}

TEST(Decode, KnowsATextFromAPicture) {
  EXPECT_THAT(error_of(as_bytes("just a few words")), HasSubstr("this is no picture"));
  EXPECT_THAT(error_of(as_bytes("BM is how this text begins")), HasSubstr("this is no picture"));
  EXPECT_THAT(error_of({}), HasSubstr("the file is empty"));
}

TEST(Decode, ScalesAJpegToWhatStillCovers) {
  const Bytes bytes = encode_jpeg(smooth(200, 100));
  const auto size_for = [&](int width, int height) {
    const Image image = decode(bytes, {.cover_width = width, .cover_height = height});
    return std::pair(image.width, image.height);
  };
  EXPECT_EQ(size_for(0, 0), std::pair(200, 100));
  EXPECT_EQ(size_for(25, 13), std::pair(25, 13));
  EXPECT_EQ(size_for(26, 13), std::pair(50, 25));
  EXPECT_EQ(size_for(100, 50), std::pair(100, 50));
  EXPECT_EQ(size_for(10, 51), std::pair(200, 100));
  EXPECT_EQ(size_for(1000, 1000), std::pair(200, 100));
}

TEST(Decode, RemembersTheSizeOfTheFile) {
  const Image image = decode(encode_jpeg(smooth(201, 99)), {.cover_width = 50, .cover_height = 20});
  EXPECT_EQ(image.width, 51);
  EXPECT_EQ(image.full_width, 201);
  EXPECT_EQ(image.full_height, 99);
}

TEST(Encode, PngKeepsEveryPixel) {
  const Image image = pattern(31, 17);
  EXPECT_EQ(decode(encode_png(image)).pixels, image.pixels);
}

TEST(Encode, JpegStaysClose) {
  const Image image = smooth(64, 48);
  EXPECT_LT(mean_difference(decode(encode_jpeg(image, 95)).pixels, image.pixels), 2);
}

TEST(Encode, RefusesAnEmptyPicture) {
  EXPECT_THROW(encode_png({}), Error);
  EXPECT_THROW(encode_jpeg({}), Error);
}

}  // namespace
}  // namespace graft
