// Any bytes: an error or a picture, never a crash. What the headers say is what decoding gives, and a part of a picture
// is that part of the whole.
#include <cstdlib>

#include "base/error.h"
#include "image/preprocess.h"

namespace {

constexpr graft::DecodeOptions kSmall{.max_pixels = 1 << 16};

void check(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const graft::ByteView bytes = std::as_bytes(std::span(data, size));
  try {
    const graft::ImageInfo info = graft::read_info(bytes);
    check(info.width > 0 && info.height > 0);
    const graft::Image image = graft::decode(bytes, kSmall);
    check(image.width == info.width && image.height == info.height);
    check(image.pixels.size() == std::size_t{3} * image.width * image.height);
    graft::Preprocess preprocess;
    preprocess.width = preprocess.height = 16;
    std::vector<float> whole(3 * 16 * 16), part(3 * 16 * 16);
    graft::preprocess_file(bytes, preprocess, part);
    const graft::Image decoded = graft::decode(bytes, graft::decode_options(preprocess));
    graft::normalise(graft::resize_and_crop(decoded, preprocess), preprocess, whole);
    check(whole == part);
  } catch (const graft::Error&) {
  }
  return 0;
}
