// PNG by libpng. The header is read here: chunks of a length, a name, data and a checksum, of which the ones before the
// pixels say all that is to be known.
#include <png.h>

#include <array>
#include <csetjmp>
#include <cstdio>

#include "base/error.h"
#include "image/codec.h"

namespace graft {
namespace {

constexpr std::size_t kSignature = 8, kChunkFrame = 12;

unsigned big_endian(ByteView bytes, std::size_t offset) {
  unsigned value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<unsigned>(bytes[offset + i]);
  return value;
}

// libpng's errors leave by longjmp: between guard() and the call into libpng nothing has a destructor.
struct Failure {
  std::jmp_buf jump;
  std::array<char, 128> message;
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* failure = static_cast<Failure*>(png_get_error_ptr(png));
  std::snprintf(failure->message.data(), failure->message.size(), "%s", message);
  std::longjmp(failure->jump, 1);
}

void on_warning(png_structp, png_const_charp) {}

template <typename Work>
void guard(Failure& failure, Work work) {
  if (setjmp(failure.jump)) fail(Kind::invalid, "the PNG cannot be decoded: ", failure.message.data());
  work();
}

void read_bytes(png_structp png, png_bytep out, std::size_t size) {
  auto* rest = static_cast<ByteView*>(png_get_io_ptr(png));
  if (rest->size() < size) png_error(png, "it is truncated");
  std::memcpy(out, rest->data(), size);
  *rest = rest->subspan(size);
}

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &failure_, on_error, on_warning);
    if (png_) info_ = png_create_info_struct(png_);
    if (!info_) png_destroy_read_struct(&png_, nullptr, nullptr);
    require(info_, "there is not enough memory to read a PNG");
    png_set_read_fn(png_, &rest_, read_bytes);
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // RGB or RGBA, 8 bits a channel, whatever the file holds.
  void read_headers() {
    guard(failure_, [this] {
      png_read_info(png_, info_);
      png_set_expand(png_);
      png_set_strip_16(png_);
      png_set_gray_to_rgb(png_);
      png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
    });
  }
  void read_rows(std::uint8_t** rows) {
    guard(failure_, [&] {
      png_read_image(png_, rows);
      png_read_end(png_, nullptr);
    });
  }
  int width() const { return static_cast<int>(png_get_image_width(png_, info_)); }
  int height() const { return static_cast<int>(png_get_image_height(png_, info_)); }
  int channels() const { return png_get_channels(png_, info_); }

 private:
  ByteView rest_;
  Failure failure_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

void append_bytes(png_structp png, png_bytep data, std::size_t size) {
  auto* out = static_cast<Bytes*>(png_get_io_ptr(png));
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  out->insert(out->end(), begin, begin + size);
}

class Writer {
 public:
  Writer() {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &failure_, on_error, on_warning);
    if (png_) info_ = png_create_info_struct(png_);
    if (!info_) png_destroy_write_struct(&png_, nullptr);
    require(info_, "there is not enough memory to write a PNG");
  }
  ~Writer() { png_destroy_write_struct(&png_, &info_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Bytes write(const Image& image) {
    Bytes out;
    png_set_write_fn(png_, &out, append_bytes, nullptr);
    guard(failure_, [&] {
      png_set_IHDR(png_, info_, image.width, image.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                   PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
      png_write_info(png_, info_);
      for (int y = 0; y < image.height; ++y) {
        png_write_row(png_, image.pixels.data() + std::size_t{3} * image.width * y);
      }
      png_write_end(png_, info_);
    });
    return out;
  }

 private:
  Failure failure_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Header read_png_header(ByteView bytes) {
  require(bytes.size() >= kSignature + kChunkFrame + 13 && as_text(bytes).substr(12, 4) == "IHDR",
          "the PNG has no header");
  const unsigned width = big_endian(bytes, 16), height = big_endian(bytes, 20);
  require(width > 0 && height > 0 && width < 1u << 31 && height < 1u << 31, "the PNG's size is ", width, " x ", height);
  Header header{static_cast<int>(width), static_cast<int>(height)};
  for (std::size_t at = kSignature; bytes.size() - at >= kChunkFrame;) {
    const std::size_t size = big_endian(bytes, at);
    const std::string_view name = as_text(bytes).substr(at + 4, 4);
    if (name == "IDAT" || size > bytes.size() - at - kChunkFrame) break;
    if (name == "acTL") header.animated = size >= 4 && big_endian(bytes, at + 8) > 1;
    if (name == "eXIf") header.orientation = exif_orientation(bytes.subspan(at + 8, size));
    at += size + kChunkFrame;
  }
  return header;
}

Image decode_png(ByteView bytes) {
  Reader reader(bytes);
  reader.read_headers();
  Image image = blank(reader.width(), reader.height());
  const std::size_t pixels = std::size_t{1} * image.width * image.height;
  const bool alpha = reader.channels() == 4;
  std::vector<std::uint8_t> rgba(alpha ? 4 * pixels : 0);
  std::uint8_t* target = alpha ? rgba.data() : image.pixels.data();
  std::vector<std::uint8_t*> rows(image.height);
  for (int y = 0; y < image.height; ++y) rows[y] = target + std::size_t{1} * reader.channels() * image.width * y;
  reader.read_rows(rows.data());
  if (alpha) over_white(rgba.data(), pixels, image.pixels.data());
  return image;
}

Bytes encode_png(const Image& image) {
  require(image.width > 0 && image.height > 0, "an empty picture cannot be a PNG");
  return Writer().write(image);
}

}  // namespace graft
