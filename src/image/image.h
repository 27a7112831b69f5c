// A picture in memory, and pictures as files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace graft {

// 8-bit RGB, rows from the top, pixels interleaved: [height, width, 3].
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
  // Where the decoder made it smaller than its file says (DecodeOptions): the file's size; otherwise 0.
  int full_width = 0, full_height = 0;
};

enum class ImageFormat { jpeg, png, webp, gif, bmp };

// What the first bytes say, whatever the name. Nullopt when it is none of them.
std::optional<ImageFormat> sniff(ByteView bytes);
std::string name_of(ImageFormat format);

// What the headers alone say of a picture.
struct ImageInfo {
  ImageFormat format;
  int width = 0, height = 0;  // as a person sees it: after EXIF orientation
  bool animated = false;      // more than one frame
};

struct DecodeOptions {
  // Decode to the smallest size the format can scale to (JPEG: 1/2, 1/4, 1/8) that still covers this in both
  // directions; 0 decodes at full size.
  int cover_width = 0, cover_height = 0;
  // A picture with more pixels is refused before a byte of it is decoded.
  std::int64_t max_pixels = 100'000'000;
};

// Throws Kind::invalid with what is wrong; never needs a name, the caller adds it.
ImageInfo read_info(ByteView bytes);

// Any picture as RGB: EXIF orientation applied; CMYK, YCCK, gray, palette and 16-bit converted as Pillow's
// convert("RGB") does; alpha is composed over white; the first frame of an animation. Throws Kind::invalid on what
// cannot be decoded whole: a truncated file is an error, not half a picture.
Image decode(ByteView bytes, const DecodeOptions& options = {});

Bytes encode_jpeg(const Image& image, int quality = 90);
Bytes encode_png(const Image& image);

}  // namespace graft
