// BMP: "BM", the file's size, four bytes, the offset of the pixels; then a header that begins with its own size: 12 for
// OS/2's, 40 and more for Windows'. Palette entries are blue, green, red (and a zero in Windows' files). Rows are
// padded to four bytes and go from the bottom up, or from the top down when the height is negative. 32-bit pixels may
// come with masks (BITFIELDS) that say where each channel is. Run-length compression is refused.
#include <array>
#include <bit>
#include <cstdlib>

#include "base/error.h"
#include "image/codec.h"

namespace graft {
namespace {

constexpr std::size_t kFileHeader = 14;
constexpr std::uint32_t kUncompressed = 0, kBitFields = 3;

struct Layout {
  int width = 0, height = 0;
  bool top_down = false;
  int bits = 0;
  std::size_t pixels = 0;   // offset of the first row stored
  std::size_t palette = 0;  // offset
  int palette_size = 0, palette_stride = 4;
  // Of the 32-bit pixel, where red, green, blue and alpha are; 0 where there is none.
  std::array<std::uint32_t, 4> masks{0x00FF0000, 0x0000FF00, 0x000000FF, 0};

  std::size_t stride() const { return (std::size_t{1} * width * bits + 31) / 32 * 4; }
};

template <typename Number>
Number number(ByteView bytes, std::size_t offset) {
  require(offset <= bytes.size() && bytes.size() - offset >= sizeof(Number), "the BMP's header is truncated");
  return load<Number>(bytes, offset);
}

void read_masks(ByteView bytes, std::uint32_t header_size, Layout& layout) {
  const std::size_t count = header_size >= 56 ? 4 : 3;
  for (std::size_t i = 0; i < count; ++i) {
    layout.masks[i] = number<std::uint32_t>(bytes, kFileHeader + 40 + 4 * i);
    const bool eight_bits = layout.masks[i] >> std::countr_zero(layout.masks[i]) % 32 == 0xFF;
    require(eight_bits || (i == 3 && layout.masks[i] == 0), "the BMP's channels are not of 8 bits");
  }
}

void read_windows_header(ByteView bytes, std::uint32_t header_size, Layout& layout) {
  layout.width = number<std::int32_t>(bytes, 18);
  const auto height = number<std::int32_t>(bytes, 22);
  require(height > INT32_MIN, "the BMP's height is not a number");
  layout.top_down = height < 0;
  layout.height = std::abs(height);
  layout.bits = number<std::uint16_t>(bytes, 28);
  const auto compression = number<std::uint32_t>(bytes, 30);
  const auto colours = number<std::uint32_t>(bytes, 46);
  require(compression == kUncompressed || (compression == kBitFields && layout.bits == 32),
          "the BMP is compressed, which is not read; save it as PNG");
  if (compression == kBitFields) read_masks(bytes, header_size, layout);
  layout.palette = kFileHeader + header_size;
  layout.palette_size = colours > 0 && colours <= 256 ? static_cast<int>(colours) : 256;
}

Layout read_layout(ByteView bytes) {
  Layout layout;
  layout.pixels = number<std::uint32_t>(bytes, 10);
  const auto header_size = number<std::uint32_t>(bytes, kFileHeader);
  if (header_size == 12) {
    layout.width = number<std::uint16_t>(bytes, 18);
    layout.height = number<std::uint16_t>(bytes, 20);
    layout.bits = number<std::uint16_t>(bytes, 24);
    layout.palette = kFileHeader + 12;
    layout.palette_size = 256;
    layout.palette_stride = 3;
  } else {
    require(header_size >= 40 && header_size <= 124, "the BMP's header is of an unknown kind");
    read_windows_header(bytes, header_size, layout);
  }
  require(layout.width > 0 && layout.height > 0, "the BMP's size is ", layout.width, " x ", layout.height);
  const int bits = layout.bits;
  require(bits == 1 || bits == 4 || bits == 8 || bits == 24 || bits == 32, "the BMP has ", bits,
          " bits a pixel where 1, 4, 8, 24 or 32 are known");
  return layout;
}

using Palette = std::array<std::array<std::uint8_t, 3>, 256>;

// Entries that the file does not hold are black: some writers leave the unused ones out.
Palette read_palette(ByteView bytes, const Layout& layout) {
  Palette palette{};
  for (int i = 0; i < std::min(layout.palette_size, 1 << layout.bits); ++i) {
    const std::size_t at = layout.palette + std::size_t{1} * layout.palette_stride * i;
    if (at + 3 > std::min(bytes.size(), layout.pixels)) break;
    for (int c = 0; c < 3; ++c) palette[i][c] = std::to_integer<std::uint8_t>(bytes[at + 2 - c]);
  }
  return palette;
}

void read_palette_row(const std::uint8_t* row, const Layout& layout, const Palette& palette, std::uint8_t* rgb) {
  const int bits = layout.bits;
  for (int x = 0; x < layout.width; ++x, rgb += 3) {
    const int bit = x * bits % 8;
    const int index = row[std::size_t{1} * x * bits / 8] >> (8 - bits - bit) & ((1 << bits) - 1);
    std::copy(palette[index].begin(), palette[index].end(), rgb);
  }
}

void read_24_bit_row(const std::uint8_t* row, int width, std::uint8_t* rgb) {
  for (int x = 0; x < width; ++x, row += 3, rgb += 3) {
    rgb[0] = row[2];
    rgb[1] = row[1];
    rgb[2] = row[0];
  }
}

void read_32_bit_row(const std::uint8_t* row, const Layout& layout, std::uint8_t* rgb) {
  for (int x = 0; x < layout.width; ++x, row += 4, rgb += 3) {
    std::uint32_t pixel;
    std::memcpy(&pixel, row, sizeof pixel);
    const auto channel = [&](int i) {
      return static_cast<int>((pixel & layout.masks[i]) >> std::countr_zero(layout.masks[i]));
    };
    const int alpha = layout.masks[3] ? channel(3) : 255;
    for (int c = 0; c < 3; ++c) rgb[c] = over_white(channel(c), alpha);
  }
}

}  // namespace

Header read_bmp_header(ByteView bytes) {
  const Layout layout = read_layout(bytes);
  return {layout.width, layout.height};
}

Image decode_bmp(ByteView bytes) {
  const Layout layout = read_layout(bytes);
  require(layout.pixels <= bytes.size() && bytes.size() - layout.pixels >= layout.stride() * layout.height,
          "the BMP is truncated");
  const Palette palette = layout.bits <= 8 ? read_palette(bytes, layout) : Palette{};
  Image image = blank(layout.width, layout.height);
  for (int y = 0; y < layout.height; ++y) {
    const std::size_t stored = layout.top_down ? y : layout.height - 1 - y;
    const auto* row = reinterpret_cast<const std::uint8_t*>(bytes.data()) + layout.pixels + stored * layout.stride();
    auto* rgb = image.pixels.data() + std::size_t{3} * layout.width * y;
    if (layout.bits <= 8) read_palette_row(row, layout, palette, rgb);
    if (layout.bits == 24) read_24_bit_row(row, layout.width, rgb);
    if (layout.bits == 32) read_32_bit_row(row, layout, rgb);
  }
  return image;
}

}  // namespace graft
