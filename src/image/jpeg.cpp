// JPEG by libjpeg-turbo.
//
// Decoding spends its time in entropy decoding, the inverse DCT and colour conversion. The last two are only done for
// the columns and rows that are asked for, and at a smaller scale where the picture is larger than needed. Scales are
// 1/2, 1/4 and 1/8: for the others libjpeg-turbo has no SIMD, and they are slower than full size.
#include <cstdio>
// jpeglib.h needs FILE, and is included after <cstdio> therefore.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csetjmp>
#include <cstdlib>

#include "base/error.h"
#include "image/codec.h"

namespace graft {
namespace {

// A progressive file may hold any number of scans of a few bytes, each of which costs a pass over the picture.
constexpr int kMaxScans = 200;
// Fancy upsampling mixes neighbours, so pixels beside a cut are not those of the whole picture.
constexpr int kMargin = 4;

// libjpeg's errors leave by longjmp: between guard() and the call into libjpeg nothing has a destructor.
struct Failure {
  jpeg_error_mgr manager;  // first: libjpeg knows the address of this
  std::jmp_buf jump;
  std::array<char, JMSG_LENGTH_MAX> message;
};

[[noreturn]] void on_error(j_common_ptr info) {
  auto* failure = reinterpret_cast<Failure*>(info->err);
  failure->manager.format_message(info, failure->message.data());
  std::longjmp(failure->jump, 1);
}

// Warnings after which pixels are missing. Others, such as stray bytes between segments, lose nothing.
bool loses_pixels(int code) {
  constexpr std::array kCodes = {JWRN_JPEG_EOF, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_MUST_RESYNC};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

void on_message(j_common_ptr info, int level) {
  if (level < 0 && loses_pixels(info->err->msg_code)) on_error(info);
}

void on_progress(j_common_ptr info) {
  if (!info->is_decompressor) return;
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  auto* failure = reinterpret_cast<Failure*>(info->err);
  std::snprintf(failure->message.data(), failure->message.size(), "it has more than %d scans", kMaxScans);
  std::longjmp(failure->jump, 1);
}

jpeg_error_mgr* start(Failure& failure) {
  jpeg_std_error(&failure.manager);
  failure.manager.error_exit = on_error;
  failure.manager.emit_message = on_message;
  failure.manager.output_message = [](j_common_ptr) {};
  return &failure.manager;
}

template <typename Work>
void guard(Failure& failure, Work work) {
  if (setjmp(failure.jump)) fail(Kind::invalid, "the JPEG cannot be decoded: ", failure.message.data());
  work();
}

class Reader {
 public:
  Reader() {
    info_.err = start(failure_);
    progress_.progress_monitor = on_progress;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
  }
  ~Reader() { jpeg_destroy_decompress(&info_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void read_header(ByteView bytes) {
    guard([&] {
      jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
      jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xFFFF);
      jpeg_read_header(&info_, TRUE);
    });
  }

  template <typename Work>
  void guard(Work work) {
    graft::guard(failure_, work);
  }
  jpeg_decompress_struct& info() { return info_; }

 private:
  jpeg_decompress_struct info_{};
  jpeg_progress_mgr progress_{};
  Failure failure_{};
};

class Writer {
 public:
  Writer() {
    info_.err = start(failure_);
    jpeg_create_compress(&info_);
  }
  ~Writer() {
    jpeg_destroy_compress(&info_);
    std::free(memory_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write(const Image& image, int quality) {
    guard(failure_, [&] {
      jpeg_mem_dest(&info_, &memory_, &size_);
      info_.image_width = image.width;
      info_.image_height = image.height;
      info_.input_components = 3;
      info_.in_color_space = JCS_RGB;
      jpeg_set_defaults(&info_);
      jpeg_set_quality(&info_, quality, TRUE);
      jpeg_start_compress(&info_, TRUE);
      while (info_.next_scanline < info_.image_height) {
        auto* row = const_cast<JSAMPROW>(image.pixels.data() + std::size_t{3} * image.width * info_.next_scanline);
        jpeg_write_scanlines(&info_, &row, 1);
      }
      jpeg_finish_compress(&info_);
    });
  }
  Bytes bytes() const {
    const auto* begin = reinterpret_cast<const std::byte*>(memory_);
    return {begin, begin + size_};
  }

 private:
  jpeg_compress_struct info_{};
  Failure failure_{};
  unsigned char* memory_ = nullptr;
  unsigned long size_ = 0;
};

// An interval of pixels, [begin, end).
struct Span {
  int begin, end;
};

Span needed(double from, double to, int size) {
  const int begin = static_cast<int>(std::floor(std::clamp(from, 0.0, 1.0) * size)) - kMargin;
  const int end = static_cast<int>(std::ceil(std::clamp(to, 0.0, 1.0) * size)) + kMargin;
  return {std::max(0, begin), std::min(size, end)};
}

// jpeg_crop_scanline is exact inside the cut for these; it is not used for the rare others (4:1:1, 4:4:0).
bool can_cut(const jpeg_decompress_struct& info) {
  if (info.num_components == 1) return true;
  if (info.num_components != 3) return false;
  const auto* parts = info.comp_info;
  const bool chroma_is_1x1 = parts[1].h_samp_factor == 1 && parts[1].v_samp_factor == 1 &&
                             parts[2].h_samp_factor == 1 && parts[2].v_samp_factor == 1;
  const int h = parts[0].h_samp_factor, v = parts[0].v_samp_factor;
  return chroma_is_1x1 && ((h == 1 && v == 1) || (h == 2 && v == 1) || (h == 2 && v == 2));
}

void choose_scale(jpeg_decompress_struct& info, int cover_width, int cover_height) {
  info.scale_denom = 8;
  for (unsigned scale : {1u, 2u, 4u, 8u}) {
    info.scale_num = scale;
    const auto scaled = [&](JDIMENSION size) { return (std::int64_t{size} * scale + 7) / 8; };
    const bool covers = scaled(info.image_width) >= cover_width && scaled(info.image_height) >= cover_height;
    if (covers && cover_width > 0 && cover_height > 0) return;
  }
}

// Pillow's conversion, for which 255 is full ink; Adobe's files store ink inverted.
void cmyk_to_rgb(const std::uint8_t* cmyk, int count, bool inverted, std::uint8_t* rgb) {
  for (int i = 0; i < count; ++i, cmyk += 4, rgb += 3) {
    const int black = inverted ? cmyk[3] : 255 - cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const int product = (inverted ? 255 - cmyk[c] : cmyk[c]) * black + 128;
      rgb[c] = static_cast<std::uint8_t>(std::max(0, black - (((product >> 8) + product) >> 8)));
    }
  }
}

void read_rgb_rows(jpeg_decompress_struct& info, Image& image) {
  constexpr int kRows = 8;
  const std::size_t stride = std::size_t{3} * info.output_width;
  for (int y = 0; y < image.height;) {
    std::array<JSAMPROW, kRows> rows;
    const int count = std::min(kRows, image.height - y);
    for (int i = 0; i < count; ++i) rows[i] = image.pixels.data() + stride * (y + i);
    y += static_cast<int>(jpeg_read_scanlines(&info, rows.data(), count));
  }
}

void read_cmyk_rows(jpeg_decompress_struct& info, std::uint8_t* row, Image& image) {
  for (int y = 0; y < image.height; ++y) {
    jpeg_read_scanlines(&info, &row, 1);
    cmyk_to_rgb(row, image.width, info.saw_Adobe_marker, image.pixels.data() + std::size_t{3} * image.width * y);
  }
}

// Whether the rest of the file, of which no pixel is needed, is there.
bool has_end(const jpeg_decompress_struct& info) {
  if (info.unread_marker == JPEG_EOI) return true;
  const std::string_view rest(reinterpret_cast<const char*>(info.src->next_input_byte), info.src->bytes_in_buffer);
  return rest.find("\xFF\xD9") != rest.npos;
}

void finish(Reader& reader) {
  auto& info = reader.info();
  if (info.output_scanline == info.output_height) {
    reader.guard([&] { jpeg_finish_decompress(&info); });
  } else {
    require(jpeg_input_complete(&info) || has_end(info), "the JPEG cannot be decoded: it is truncated");
  }
}

}  // namespace

Header read_jpeg_header(ByteView bytes) {
  Reader reader;
  reader.read_header(bytes);
  const auto& info = reader.info();
  Header header{static_cast<int>(info.image_width), static_cast<int>(info.image_height)};
  for (auto* marker = info.marker_list; marker; marker = marker->next) {
    const ByteView block = std::as_bytes(std::span(marker->data, marker->data_length));
    if (as_text(block).starts_with("Exif")) header.orientation = exif_orientation(block);
  }
  return header;
}

Part decode_jpeg(ByteView bytes, int cover_width, int cover_height, const Window& window,
                 std::vector<std::uint8_t> memory) {
  Reader reader;
  reader.read_header(bytes);
  auto& info = reader.info();
  const bool cmyk = info.num_components == 4;
  require(cmyk || info.num_components == 3 || info.num_components == 1, "the JPEG has ", info.num_components,
          " channels where 1, 3 or 4 are known");
  info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  choose_scale(info, cover_width, cover_height);
  reader.guard([&] { jpeg_start_decompress(&info); });

  Part part;
  part.place.width = static_cast<int>(info.output_width);
  part.place.height = static_cast<int>(info.output_height);
  Span columns{0, part.place.width}, rows{0, part.place.height};
  if (can_cut(info)) {
    columns = needed(window.left, window.right, part.place.width);
    rows = needed(window.top, window.bottom, part.place.height);
  }
  JDIMENSION left = columns.begin, width = columns.end - columns.begin;
  reader.guard([&] {
    if (static_cast<int>(width) < part.place.width) jpeg_crop_scanline(&info, &left, &width);
    if (rows.begin > 0) jpeg_skip_scanlines(&info, rows.begin);
  });
  part.place.left = static_cast<int>(left);
  part.place.top = rows.begin;
  part.image = {static_cast<int>(width), rows.end - rows.begin, std::move(memory)};
  part.image.pixels.resize(std::size_t{3} * part.image.width * part.image.height);
  if (info.scale_num < 8) {
    part.image.full_width = static_cast<int>(info.image_width);
    part.image.full_height = static_cast<int>(info.image_height);
  }
  std::vector<std::uint8_t> row(cmyk ? std::size_t{4} * width : 0);
  reader.guard([&] { cmyk ? read_cmyk_rows(info, row.data(), part.image) : read_rgb_rows(info, part.image); });
  finish(reader);
  return part;
}

Bytes encode_jpeg(const Image& image, int quality) {
  require(image.width > 0 && image.height > 0, "an empty picture cannot be a JPEG");
  Writer writer;
  writer.write(image, quality);
  return writer.bytes();
}

}  // namespace graft
