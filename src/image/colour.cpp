// Colour as torchvision's functions on Pillow images: brightness blends with black, contrast with the mean gray,
// saturation with each pixel's gray, in this order; each step rounds down to bytes. Hue turns the colour circle of HSV.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "image/transform.h"

namespace graft {
namespace {

// Pillow's luma (ITU-R 601), in 16 bits.
int gray(const std::uint8_t* rgb) {
  return (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16;
}

std::uint8_t blend(float from, float to, float factor) {
  return static_cast<std::uint8_t>(std::clamp(from + factor * (to - from), 0.0f, 255.0f));
}

void blend_with(Image& image, float level, float factor) {
  std::uint8_t table[256];
  for (int i = 0; i < 256; ++i) table[i] = blend(level, static_cast<float>(i), factor);
  for (auto& byte : image.pixels) byte = table[byte];
}

int mean_gray(const Image& image) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) sum += gray(&image.pixels[i]);
  const auto count = std::max<std::int64_t>(1, static_cast<std::int64_t>(image.pixels.size() / 3));
  return static_cast<int>((2 * sum + count) / (2 * count));
}

void saturate(Image& image, float factor) {
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    auto* rgb = &image.pixels[i];
    const auto level = static_cast<float>(gray(rgb));
    for (int c = 0; c < 3; ++c) rgb[c] = blend(level, static_cast<float>(rgb[c]), factor);
  }
}

// The hue of a colour whose largest and smallest channels differ, in sixths of a turn, 0 .. 6.
float hue_of(float r, float g, float b, float largest, float chroma) {
  if (largest == r) return (g - b) / chroma + (g < b ? 6.0f : 0.0f);
  if (largest == g) return (b - r) / chroma + 2;
  return (r - g) / chroma + 4;
}

// HSV back to a channel; `offset` is 5, 3, 1 for red, green, blue (Smith, "Color gamut transform pairs", 1978).
std::uint8_t channel(float offset, float hue, float largest, float chroma) {
  float position = offset + hue;
  if (position >= 6) position -= 6;
  const float share = std::clamp(std::min(position, 4 - position), 0.0f, 1.0f);
  return static_cast<std::uint8_t>(largest - chroma * share + 0.5f);
}

void turn_hue(Image& image, float turns) {
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    auto* rgb = &image.pixels[i];
    const float r = rgb[0], g = rgb[1], b = rgb[2];
    const float largest = std::max({r, g, b}), chroma = largest - std::min({r, g, b});
    if (chroma == 0) continue;
    float hue = hue_of(r, g, b, largest, chroma) + 6 * turns;
    hue -= 6 * std::floor(hue / 6);
    rgb[0] = channel(5, hue, largest, chroma);
    rgb[1] = channel(3, hue, largest, chroma);
    rgb[2] = channel(1, hue, largest, chroma);
  }
}

}  // namespace

Image adjust_colour(Image image, double brightness, double contrast, double saturation, double hue) {
  require(brightness >= 0 && contrast >= 0 && saturation >= 0, "a factor of colour is negative");
  require(hue >= -0.5 && hue <= 0.5, "a hue of ", hue, " turns is not within half a turn");
  if (brightness != 1) blend_with(image, 0, static_cast<float>(brightness));
  if (contrast != 1) blend_with(image, static_cast<float>(mean_gray(image)), static_cast<float>(contrast));
  if (saturation != 1) saturate(image, static_cast<float>(saturation));
  if (hue != 0) turn_hue(image, static_cast<float>(hue));
  return image;
}

}  // namespace graft
