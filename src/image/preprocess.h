// From a picture to a network's input: the one implementation that training, evaluation, prediction, serving and export
// share. A bundle records its Preprocess, so a model always sees what it was trained on.
#pragma once

#include <array>
#include <span>

#include "base/json_forward.h"
#include "image/image.h"

namespace graft {

enum class Interpolation { nearest, bilinear, bicubic };

struct Preprocess {
  int width = 224, height = 224;  // of the network's input
  // How a picture of another shape gets there: stretched; or resized until it covers (width, height) / crop_fraction
  // and cropped at the centre (torchvision's Resize(256), CenterCrop(224) has crop_fraction 224/256); or resized to fit
  // within and padded with `mean`.
  enum class Fit { stretch, crop, pad };
  Fit fit = Fit::crop;
  double crop_fraction = 0.875;
  Interpolation interpolation = Interpolation::bilinear;
  // value = (pixel * scale - mean) / std, per channel, with pixel in 0 .. 255.
  double scale = 1.0 / 255;
  std::array<double, 3> mean{0.485, 0.456, 0.406};
  std::array<double, 3> std{0.229, 0.224, 0.225};
  bool operator==(const Preprocess&) const = default;
};

OrderedJson to_json(const Preprocess& preprocess);
Preprocess preprocess_from_json(const Json& json, std::string_view source);

// The options that decode no more of a file than this preprocessing needs: the smallest size from which it does not
// have to enlarge. The result stays within 2 levels on average of the one from the full size, also for pictures with
// much detail.
DecodeOptions decode_options(const Preprocess& preprocess);

// Resize and crop; [height, width, 3] of preprocess's size. At full size this equals torchvision's Resize and
// CenterCrop on Pillow images, byte for byte.
Image resize_and_crop(const Image& image, const Preprocess& preprocess);

// The network's input of an image that already has its size: writes [3, height, width] to `out`, red first.
void normalise(const Image& image, const Preprocess& preprocess, std::span<float> out);

// decode, resize_and_crop and normalise in one: the same numbers, sooner, as only the pixels that are needed are
// decoded.
void preprocess_file(ByteView bytes, const Preprocess& preprocess, std::span<float> out);
// Its first two: what normalise() makes of it is the same numbers. A quarter of the memory, for pictures that wait.
Image resize_and_crop_file(ByteView bytes, const Preprocess& preprocess);

}  // namespace graft
