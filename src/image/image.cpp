#include "image/image.h"

#include <algorithm>

#include "base/error.h"
#include "image/codec.h"

namespace graft {
namespace {

ImageFormat format_of(ByteView bytes) {
  require(!bytes.empty(), "the file is empty");
  const auto format = sniff(bytes);
  require(format.has_value(), "this is no picture: its first bytes are none of JPEG, PNG, WebP, GIF or BMP");
  return *format;
}

Header read_header(ImageFormat format, ByteView bytes) {
  switch (format) {
    case ImageFormat::jpeg:
      return read_jpeg_header(bytes);
    case ImageFormat::png:
      return read_png_header(bytes);
    case ImageFormat::webp:
      return read_webp_header(bytes);
    case ImageFormat::gif:
      return read_gif_header(bytes);
    case ImageFormat::bmp:
      return read_bmp_header(bytes);
  }
  fail(Kind::internal, "an image format without a codec");
}

Image decode_whole(ImageFormat format, ByteView bytes) {
  switch (format) {
    case ImageFormat::jpeg:
      return decode_jpeg(bytes, 0, 0, {}).image;
    case ImageFormat::png:
      return decode_png(bytes);
    case ImageFormat::webp:
      return decode_webp(bytes);
    case ImageFormat::gif:
      return decode_gif(bytes);
    case ImageFormat::bmp:
      return decode_bmp(bytes);
  }
  fail(Kind::internal, "an image format without a codec");
}

bool swaps_sides(int orientation) {
  return orientation >= 5;
}

// EXIF names where the stored first row and first column are seen: 1 top left, 2 top right, 3 bottom right, 4 bottom
// left, and 5 to 8 the same with rows and columns exchanged (left top, right top, right bottom, left bottom).
Image orient(Image stored, int orientation) {
  if (orientation == 1) return stored;
  const bool swap = swaps_sides(orientation);
  const bool mirror_x = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool mirror_y = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  Image seen = swap ? blank(stored.height, stored.width) : blank(stored.width, stored.height);
  seen.full_width = swap ? stored.full_height : stored.full_width;
  seen.full_height = swap ? stored.full_width : stored.full_height;
  auto* out = seen.pixels.data();
  for (int y = 0; y < seen.height; ++y) {
    const int v = mirror_y ? seen.height - 1 - y : y;
    for (int x = 0; x < seen.width; ++x, out += 3) {
      const int u = mirror_x ? seen.width - 1 - x : x;
      const std::size_t from = swap ? std::size_t{1} * u * stored.width + v : std::size_t{1} * v * stored.width + u;
      std::copy_n(&stored.pixels[3 * from], 3, out);
    }
  }
  return seen;
}

Part whole(Image image) {
  const Place place{0, 0, image.width, image.height};
  return {std::move(image), place};
}

}  // namespace

std::optional<ImageFormat> sniff(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  if (text.starts_with("\xFF\xD8\xFF")) return ImageFormat::jpeg;
  if (text.starts_with("\x89PNG\r\n\x1A\n")) return ImageFormat::png;
  if (text.starts_with("GIF87a") || text.starts_with("GIF89a")) return ImageFormat::gif;
  if (text.starts_with("RIFF") && text.substr(0, 12).ends_with("WEBP")) return ImageFormat::webp;
  // Two letters alone would take texts for pictures; the size of the header behind them is below 256 in every BMP.
  if (text.starts_with("BM") && text.size() > 18 && text.substr(15, 3) == std::string_view("\0\0\0", 3)) {
    return ImageFormat::bmp;
  }
  return std::nullopt;
}

std::string name_of(ImageFormat format) {
  static constexpr const char* kNames[] = {"JPEG", "PNG", "WebP", "GIF", "BMP"};
  return kNames[static_cast<int>(format)];
}

Image blank(int width, int height) {
  Image image{width, height, {}};
  image.pixels.resize(std::size_t{3} * width * height);
  return image;
}

void over_white(const std::uint8_t* rgba, std::size_t count, std::uint8_t* rgb) {
  for (std::size_t i = 0; i < count; ++i, rgba += 4, rgb += 3) {
    for (int c = 0; c < 3; ++c) rgb[c] = over_white(rgba[c], rgba[3]);
  }
}

ImageInfo read_info(ByteView bytes) {
  const ImageFormat format = format_of(bytes);
  const Header header = read_header(format, bytes);
  ImageInfo info{format, header.width, header.height, header.animated};
  if (swaps_sides(header.orientation)) std::swap(info.width, info.height);
  return info;
}

Part decode_part(ByteView bytes, const DecodeOptions& options, const Window& window, std::vector<std::uint8_t> memory) {
  const ImageFormat format = format_of(bytes);
  const Header header = read_header(format, bytes);
  require(std::int64_t{header.width} * header.height <= options.max_pixels, "the ", name_of(format), " of ",
          header.width, " x ", header.height, " pixels is larger than the limit of ", options.max_pixels, " pixels");
  if (format != ImageFormat::jpeg) return whole(orient(decode_whole(format, bytes), header.orientation));
  if (header.orientation == 1) {
    return decode_jpeg(bytes, options.cover_width, options.cover_height, window, std::move(memory));
  }
  const bool swap = swaps_sides(header.orientation);
  const int width = swap ? options.cover_height : options.cover_width;
  const int height = swap ? options.cover_width : options.cover_height;
  return whole(orient(decode_jpeg(bytes, width, height, {}).image, header.orientation));
}

Image decode(ByteView bytes, const DecodeOptions& options) {
  return decode_part(bytes, options, {}).image;
}

}  // namespace graft
