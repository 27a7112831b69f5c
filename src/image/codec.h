// What image/ asks of each format's codec. Internal to image/: include image.h elsewhere.
//
// A codec checks its own headers. Limits on size, orientation and the choice of the codec are image.cpp's.
#pragma once

#include "image/image.h"

namespace graft {

// A picture as its file stores it, before orientation.
struct Header {
  int width = 0, height = 0;
  int orientation = 1;  // EXIF's, 1 .. 8
  bool animated = false;
};

// The rectangle of a picture that is needed, as shares of its sides.
struct Window {
  double left = 0, top = 0, right = 1, bottom = 1;
};

// Where the pixels of a part are: from (left, top) of a picture of width x height.
struct Place {
  int left = 0, top = 0, width = 0, height = 0;
};
struct Part {
  Image image;
  Place place;
};

// decode(), except that pixels outside of `window` may be left out; those inside are the same. `memory` may be used for
// the image's pixels instead of new memory.
Part decode_part(ByteView bytes, const DecodeOptions& options, const Window& window,
                 std::vector<std::uint8_t> memory = {});

Header read_jpeg_header(ByteView bytes);
Header read_png_header(ByteView bytes);
Header read_webp_header(ByteView bytes);
Header read_gif_header(ByteView bytes);
Header read_bmp_header(ByteView bytes);

Part decode_jpeg(ByteView bytes, int cover_width, int cover_height, const Window& window,
                 std::vector<std::uint8_t> memory = {});
Image decode_png(ByteView bytes);
Image decode_webp(ByteView bytes);
Image decode_gif(ByteView bytes);
Image decode_bmp(ByteView bytes);

// The orientation in an EXIF block (a TIFF file, perhaps behind "Exif\0\0"); 1 when it has none or is damaged.
int exif_orientation(ByteView block);

// An image of this size whose pixels are all zero.
Image blank(int width, int height);

// `count` RGBA pixels composed over white.
void over_white(const std::uint8_t* rgba, std::size_t count, std::uint8_t* rgb);

// What is left of `rgb` (a channel, 0 .. 255) at this alpha, over white.
inline std::uint8_t over_white(int channel, int alpha) {
  return static_cast<std::uint8_t>((channel * alpha + 255 * (255 - alpha) + 127) / 255);
}

}  // namespace graft
