// WebP by libwebp; the canvas and the first frame of an animation by libwebpdemux.
#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "base/error.h"
#include "image/codec.h"

namespace graft {
namespace {

const std::uint8_t* data_of(ByteView bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

WebPBitstreamFeatures features_of(ByteView bytes) {
  WebPBitstreamFeatures features;
  require(WebPGetFeatures(data_of(bytes), bytes.size(), &features) == VP8_STATUS_OK, "the WebP has a damaged header");
  return features;
}

int orientation_of(ByteView bytes) {
  const WebPData data{data_of(bytes), bytes.size()};
  const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer(WebPDemux(&data), WebPDemuxDelete);
  WebPChunkIterator chunk;
  if (!demuxer || !WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk)) return 1;
  const int orientation = exif_orientation(std::as_bytes(std::span(chunk.chunk.bytes, chunk.chunk.size)));
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

Image first_frame(ByteView bytes, Image image) {
  const WebPData data{data_of(bytes), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, nullptr),
                                                                                   WebPAnimDecoderDelete);
  std::uint8_t* rgba = nullptr;
  int milliseconds = 0;
  require(decoder && WebPAnimDecoderGetNext(decoder.get(), &rgba, &milliseconds),
          "the WebP animation cannot be decoded: it is truncated or damaged");
  over_white(rgba, image.pixels.size() / 3, image.pixels.data());
  return image;
}

}  // namespace

Header read_webp_header(ByteView bytes) {
  const auto features = features_of(bytes);
  require(features.width > 0 && features.height > 0, "the WebP is empty");
  return {features.width, features.height, orientation_of(bytes), features.has_animation != 0};
}

Image decode_webp(ByteView bytes) {
  const auto features = features_of(bytes);
  Image image = blank(features.width, features.height);
  if (features.has_animation) return first_frame(bytes, std::move(image));
  const auto decode_to = [&](auto decode, std::vector<std::uint8_t>& out, int channels) {
    require(decode(data_of(bytes), bytes.size(), out.data(), out.size(), channels * features.width),
            "the WebP cannot be decoded: it is truncated or damaged");
  };
  if (!features.has_alpha) {
    decode_to(WebPDecodeRGBInto, image.pixels, 3);
    return image;
  }
  std::vector<std::uint8_t> rgba(image.pixels.size() / 3 * 4);
  decode_to(WebPDecodeRGBAInto, rgba, 4);
  over_white(rgba.data(), rgba.size() / 4, image.pixels.data());
  return image;
}

}  // namespace graft
