#include "image/transform.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "image/codec.h"

namespace graft {
namespace {

std::uint8_t* pixel(Image& image, int x, int y) {
  return image.pixels.data() + std::size_t{3} * (std::size_t{1} * image.width * y + x);
}
const std::uint8_t* pixel(const Image& image, int x, int y) {
  return image.pixels.data() + std::size_t{3} * (std::size_t{1} * image.width * y + x);
}

// Bilinear between the four pixels around (x, y); those outside of the picture are `fill`. Positions have 8 bits behind
// the point.
void sample(const Image& image, int x, int y, std::uint8_t fill, std::uint8_t* out) {
  const std::uint8_t outside[3] = {fill, fill, fill};
  const auto at = [&](int u, int v) {
    const bool inside = u >= 0 && v >= 0 && u < image.width && v < image.height;
    return inside ? pixel(image, u, v) : outside;
  };
  const int u = x >> 8, v = y >> 8, right = x & 255, lower = y & 255;
  const std::uint8_t *a = at(u, v), *b = at(u + 1, v), *c = at(u, v + 1), *d = at(u + 1, v + 1);
  for (int i = 0; i < 3; ++i) {
    const int top = a[i] * (256 - right) + b[i] * right, bottom = c[i] * (256 - right) + d[i] * right;
    out[i] = static_cast<std::uint8_t>((top * (256 - lower) + bottom * lower + (1 << 15)) >> 16);
  }
}

}  // namespace

Image crop(const Image& image, int left, int top, int width, int height) {
  require(
      left >= 0 && top >= 0 && width > 0 && height > 0 && width <= image.width - left && height <= image.height - top,
      "the crop of ", width, " x ", height, " at ", left, ", ", top, " is not inside of the picture of ", image.width,
      " x ", image.height);
  Image out = blank(width, height);
  for (int y = 0; y < height; ++y) std::copy_n(pixel(image, left, top + y), std::size_t{3} * width, pixel(out, 0, y));
  return out;
}

Image flip_horizontal(const Image& image) {
  Image out = blank(image.width, image.height);
  for (int y = 0; y < image.height; ++y) {
    auto* to = pixel(out, 0, y);
    for (int x = image.width - 1; x >= 0; --x) to = std::copy_n(pixel(image, x, y), 3, to);
  }
  return out;
}

Image flip_vertical(const Image& image) {
  Image out = blank(image.width, image.height);
  const std::size_t row = std::size_t{3} * image.width;
  for (int y = 0; y < image.height; ++y) std::copy_n(pixel(image, 0, image.height - 1 - y), row, pixel(out, 0, y));
  return out;
}

Image rotate(const Image& image, double degrees, std::uint8_t fill) {
  const double angle = degrees * std::numbers::pi / 180, cosine = std::cos(angle), sine = std::sin(angle);
  const double centre_x = image.width / 2.0 - 0.5, centre_y = image.height / 2.0 - 0.5;
  const auto fixed = [](double position) { return static_cast<int>(std::lround(position * 256)); };
  Image out = blank(image.width, image.height);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const double dx = x - centre_x, dy = y - centre_y;
      const double u = centre_x + cosine * dx - sine * dy, v = centre_y + sine * dx + cosine * dy;
      sample(image, fixed(u), fixed(v), fill, pixel(out, x, y));
    }
  }
  return out;
}

Image cutout(const Image& image, int left, int top, int width, int height) {
  constexpr std::uint8_t kGray = 128;
  const int begin = std::clamp(left, 0, image.width), end = std::clamp(left + width, begin, image.width);
  Image out = image;
  for (int y = std::max(0, top); y < std::min(image.height, top + height); ++y) {
    std::fill(pixel(out, begin, y), pixel(out, begin, y) + std::ptrdiff_t{3} * (end - begin), kGray);
  }
  return out;
}

}  // namespace graft
