// GIF by giflib, of which only the first frame is decoded. The headers are walked here: the screen's size and palette;
// then blocks, each an extension ('!'), an image (',') or the end (';'), with data in runs of up to 255 bytes behind
// their length, ended by an empty run.
#include <gif_lib.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "image/codec.h"

namespace graft {
namespace {

constexpr std::size_t kScreenHeader = 13, kImageHeader = 10;

// Steps over the blocks of a file. Every step throws at the end of the bytes.
class Blocks {
 public:
  explicit Blocks(ByteView bytes) : bytes_(bytes) {
    require(bytes.size() >= kScreenHeader, "the GIF's header is truncated");
    at_ = kScreenHeader + palette_size(10);
  }
  int byte(std::size_t offset) const {
    require(offset < bytes_.size(), "the GIF is truncated");
    return std::to_integer<int>(bytes_[offset]);
  }
  int number(std::size_t offset) const { return byte(offset) | byte(offset + 1) << 8; }

  // The offset of the next image's header, or of nothing when there are no more.
  std::optional<std::size_t> next_image() {
    while (true) {
      const int kind = byte(at_);
      if (kind == ';') return std::nullopt;
      require(kind == '!' || kind == ',', "the GIF has a damaged block");
      const std::size_t begin = at_;
      at_ += kind == '!' ? 2 : kImageHeader + palette_size(at_ + 9) + 1;
      while (const int run = byte(at_)) at_ += run + 1;
      ++at_;
      if (kind == ',') return begin;
    }
  }

 private:
  std::size_t palette_size(std::size_t flags) const {
    const int value = byte(flags);
    return value & 0x80 ? std::size_t{3} << ((value & 7) + 1) : 0;
  }

  ByteView bytes_;
  std::size_t at_ = 0;
};

int read_bytes(GifFileType* gif, GifByteType* out, int size) {
  auto* rest = static_cast<ByteView*>(gif->UserData);
  const auto count = std::min(static_cast<std::size_t>(size), rest->size());
  std::memcpy(out, rest->data(), count);
  *rest = rest->subspan(count);
  return static_cast<int>(count);
}

struct Close {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, Close>;

void check(const Gif& gif, int status) {
  if (status == GIF_OK) return;
  const char* reason = GifErrorString(gif->Error);
  fail(Kind::invalid, "the GIF cannot be decoded: ", reason ? reason : "it is damaged");
}

// Goes to the first image; the palette index that is transparent, or none.
int open_first_image(const Gif& gif) {
  int transparent = NO_TRANSPARENT_COLOR;
  while (true) {
    GifRecordType kind;
    check(gif, DGifGetRecordType(gif.get(), &kind));
    if (kind == IMAGE_DESC_RECORD_TYPE) break;
    require(kind == EXTENSION_RECORD_TYPE, "the GIF holds no image");
    int code = 0;
    GifByteType* run = nullptr;
    check(gif, DGifGetExtension(gif.get(), &code, &run));
    GraphicsControlBlock control;
    if (run && code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(run[0], run + 1, &control) == GIF_OK) {
      transparent = control.TransparentColor;
    }
    while (run) check(gif, DGifGetExtensionNext(gif.get(), &run));
  }
  check(gif, DGifGetImageDesc(gif.get()));
  return transparent;
}

// The order in which an interlaced image stores its rows.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> order;
  order.reserve(height);
  const auto add = [&](int first, int step) {
    for (int y = first; y < height; y += step) order.push_back(y);
  };
  if (!interlaced) {
    add(0, 1);
  } else {
    add(0, 8);
    add(4, 8);
    add(2, 4);
    add(1, 2);
  }
  return order;
}

void draw(const std::vector<GifPixelType>& row, const ColorMapObject& colours, int transparent, std::uint8_t* rgb) {
  for (std::size_t x = 0; x < row.size(); ++x, rgb += 3) {
    if (row[x] == transparent) continue;
    const GifColorType colour = row[x] < colours.ColorCount ? colours.Colors[row[x]] : GifColorType{};
    rgb[0] = colour.Red;
    rgb[1] = colour.Green;
    rgb[2] = colour.Blue;
  }
}

}  // namespace

Header read_gif_header(ByteView bytes) {
  Blocks blocks(bytes);
  const auto first = blocks.next_image();
  require(first.has_value(), "the GIF holds no image");
  Header header{std::max(blocks.number(6), blocks.number(*first + 1) + blocks.number(*first + 5)),
                std::max(blocks.number(8), blocks.number(*first + 3) + blocks.number(*first + 7))};
  require(header.width > 0 && header.height > 0, "the GIF is empty");
  header.animated = blocks.next_image().has_value();
  return header;
}

Image decode_gif(ByteView bytes) {
  const Header header = read_gif_header(bytes);
  int error = 0;
  const Gif gif(DGifOpen(&bytes, read_bytes, &error));
  require(gif != nullptr, "the GIF's header is damaged");
  const int transparent = open_first_image(gif);
  const GifImageDesc& frame = gif->Image;
  const ColorMapObject* colours = frame.ColorMap ? frame.ColorMap : gif->SColorMap;
  require(colours, "the GIF has no palette");

  Image image = blank(header.width, header.height);
  std::fill(image.pixels.begin(), image.pixels.end(), std::uint8_t{255});
  require(frame.Left + frame.Width <= image.width && frame.Top + frame.Height <= image.height,
          "the GIF's first image is outside of its screen");
  std::vector<GifPixelType> row(frame.Width);
  for (int y : row_order(frame.Height, frame.Interlace)) {
    check(gif, DGifGetLine(gif.get(), row.data(), frame.Width));
    draw(row, *colours, transparent, &image.pixels[3 * (std::size_t{1} * (frame.Top + y) * image.width + frame.Left)]);
  }
  return image;
}

}  // namespace graft
