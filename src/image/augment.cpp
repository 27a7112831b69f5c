#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "image/transform.h"

namespace graft {
namespace {

// Each step draws from a stream of its own, so that leaving one out changes no other.
enum Step : std::uint64_t { kCrop, kFlip, kRotate, kColour, kCutout };

// A box of a random share of the area and a random shape, as torchvision's RandomResizedCrop; after ten shapes that do
// not fit, the largest central one that is allowed.
Box random_box(const Image& image, const Augmentation& augmentation, Random random) {
  constexpr int kAttempts = 10;
  const double area = 1.0 * image.width * image.height;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double share = random.uniform(augmentation.min_area, augmentation.max_area);
    const double aspect =
        std::exp(random.uniform(std::log(augmentation.min_aspect), std::log(augmentation.max_aspect)));
    const double width = std::sqrt(area * share * aspect), height = std::sqrt(area * share / aspect);
    const double left = random.uniform(0, image.width - width), top = random.uniform(0, image.height - height);
    if (width <= image.width && height <= image.height) return {left, top, left + width, top + height};
  }
  const double width = std::min<double>(image.width, image.height * augmentation.max_aspect);
  const double height = std::min<double>(image.height, image.width / augmentation.min_aspect);
  const double left = (image.width - width) / 2, top = (image.height - height) / 2;
  return {left, top, left + width, top + height};
}

Image take(const Image& image, const Augmentation& augmentation, const Preprocess& preprocess, Random random) {
  if (!augmentation.crop) return resize_and_crop(image, preprocess);
  Box box = random_box(image, augmentation, random);
  box.right = std::min<double>(box.right, image.width);
  box.bottom = std::min<double>(box.bottom, image.height);
  return resize(image, preprocess.width, preprocess.height, preprocess.interpolation, box);
}

Image flip(Image image, const Augmentation& augmentation, Random random) {
  if (random.uniform() < augmentation.flip_horizontal) image = flip_horizontal(image);
  if (random.uniform() < augmentation.flip_vertical) image = flip_vertical(image);
  return image;
}

Image recolour(Image image, const Augmentation& augmentation, Random random) {
  const auto factor = [&](double range) { return random.uniform(std::max(0.0, 1 - range), 1 + range); };
  const double brightness = factor(augmentation.brightness);
  const double contrast = factor(augmentation.contrast);
  const double saturation = factor(augmentation.saturation);
  const double hue = random.uniform(-augmentation.hue, augmentation.hue);
  return adjust_colour(std::move(image), brightness, contrast, saturation, hue);
}

Image cut_square(const Image& image, double share, Random random) {
  const int width = static_cast<int>(std::lround(share * image.width));
  const int height = static_cast<int>(std::lround(share * image.height));
  const int left = static_cast<int>(random.below(image.width - width + 1));
  const int top = static_cast<int>(random.below(image.height - height + 1));
  return cutout(image, left, top, width, height);
}

double within(const Json& json, const char* name, double otherwise, double low, double high, std::string_view source) {
  const auto value = field_or<double>(json, name, otherwise, source);
  require(value >= low && value <= high, source, ": the field \"", name, "\" is ", value, "; it can be ", low, " to ",
          high);
  return value;
}

}  // namespace

DecodeOptions decode_options(const Augmentation& augmentation, const Preprocess& preprocess) {
  DecodeOptions options = decode_options(preprocess);
  if (!augmentation.crop) return options;
  const double enlargement = 1 / std::sqrt(augmentation.min_area);
  options.cover_width = static_cast<int>(std::ceil(preprocess.width * enlargement));
  options.cover_height = static_cast<int>(std::ceil(preprocess.height * enlargement));
  return options;
}

Image augment(const Image& image, const Augmentation& augmentation, const Preprocess& preprocess, Key key) {
  const auto stream = [&](Step step) { return Random(derive(key, step)); };
  Image out = take(image, augmentation, preprocess, stream(kCrop));
  out = flip(std::move(out), augmentation, stream(kFlip));
  if (augmentation.rotate_degrees > 0) {
    out = rotate(out, stream(kRotate).uniform(-augmentation.rotate_degrees, augmentation.rotate_degrees));
  }
  out = recolour(std::move(out), augmentation, stream(kColour));
  if (augmentation.cutout > 0) out = cut_square(out, augmentation.cutout, stream(kCutout));
  return out;
}

OrderedJson to_json(const Augmentation& augmentation) {
  return {{"crop", augmentation.crop},
          {"min_area", augmentation.min_area},
          {"max_area", augmentation.max_area},
          {"min_aspect", augmentation.min_aspect},
          {"max_aspect", augmentation.max_aspect},
          {"flip_horizontal", augmentation.flip_horizontal},
          {"flip_vertical", augmentation.flip_vertical},
          {"rotate_degrees", augmentation.rotate_degrees},
          {"brightness", augmentation.brightness},
          {"contrast", augmentation.contrast},
          {"saturation", augmentation.saturation},
          {"hue", augmentation.hue},
          {"cutout", augmentation.cutout}};
}

Augmentation augmentation_from_json(const Json& json, std::string_view source) {
  require(json.is_object(), source, ": the augmentation is not an object");
  Augmentation result;
  const auto read = [&](const char* name, double& value, double low, double high) {
    value = within(json, name, value, low, high, source);
  };
  result.crop = field_or<bool>(json, "crop", result.crop, source);
  read("min_area", result.min_area, 0.01, 1);
  read("max_area", result.max_area, result.min_area, 1);
  read("min_aspect", result.min_aspect, 0.1, 10);
  read("max_aspect", result.max_aspect, result.min_aspect, 10);
  read("flip_horizontal", result.flip_horizontal, 0, 1);
  read("flip_vertical", result.flip_vertical, 0, 1);
  read("rotate_degrees", result.rotate_degrees, 0, 180);
  read("brightness", result.brightness, 0, 1);
  read("contrast", result.contrast, 0, 1);
  read("saturation", result.saturation, 0, 1);
  read("hue", result.hue, 0, 0.5);
  read("cutout", result.cutout, 0, 1);
  return result;
}

}  // namespace graft
