// Each output pixel is a sum of source pixels weighted by a filter that widens with the reduction: first along rows,
// only of the rows that the second pass reads, then down columns. Filters, order, rounding and the fixed point of the
// weights are Pillow's (src/libImaging/Resample.c), so results are equal to its.
#include "image/resize.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "image/codec.h"
#include "image/kernels.h"

namespace graft {
namespace {

constexpr int kMaxSide = 65535;

double filter(Interpolation interpolation, double x) {
  x = std::abs(x);
  if (interpolation == Interpolation::bilinear) return x < 1 ? 1 - x : 0;
  constexpr double a = -0.5;  // Keys, "Cubic convolution interpolation for digital image processing", 1981
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double support(const Axis& axis, Interpolation interpolation) {
  return (interpolation == Interpolation::bicubic ? 2.0 : 1.0) * std::max(axis.step, 1.0);
}

std::int32_t fixed_point(double weight) {
  return static_cast<std::int32_t>(weight * (1 << kWeightBits) + (weight < 0 ? -0.5 : 0.5));
}

Taps taps_of(const Axis& axis, Interpolation interpolation) {
  const double radius = support(axis, interpolation), shrink = 1 / std::max(axis.step, 1.0);
  Taps result;
  result.stride = 2 * static_cast<int>(std::ceil(radius)) + 1;
  result.first.resize(axis.count);
  result.count.resize(axis.count);
  result.weights.resize(std::size_t{1} * axis.count * result.stride);
  std::vector<double> weights(result.stride);
  for (int i = 0; i < axis.count; ++i) {
    const double centre = axis.start + (i + 0.5) * axis.step;
    const int begin = std::max(0, static_cast<int>(centre - radius + 0.5));
    const int end = std::min(axis.size, static_cast<int>(centre + radius + 0.5));
    double sum = 0;
    for (int k = 0; k < end - begin; ++k)
      sum += weights[k] = filter(interpolation, (k + begin - centre + 0.5) * shrink);
    for (int k = 0; k < end - begin; ++k) {
      result.weights[std::size_t{1} * i * result.stride + k] = fixed_point(sum != 0 ? weights[k] / sum : weights[k]);
    }
    result.first[i] = begin - axis.origin;
    result.count[i] = end - begin;
  }
  return result;
}

// The source's rows after the pass along them, made four at a time when they are asked for and kept while the pass down
// the columns needs them: a ring, small enough for the processor's first cache.
class RowRing {
 public:
  RowRing(const Image& image, const Taps& across, int first_row, int needed_at_once)
      : image_(image),
        across_(across),
        begin_(first_row),
        end_(first_row),
        capacity_((needed_at_once + kGroup - 1) / kGroup * kGroup + kGroup),
        stride_(padded(3 * across.first.size())),
        rows_(capacity_ * stride_),
        tail_(kGroup * padded(row_bytes())) {}

  // Row `index` of the source. REQUIRES: asked for in ascending order, but for the last `needed_at_once`.
  const std::uint8_t* row(int index) {
    while (index >= end_) make_group();
    return slot(index);
  }

 private:
  static constexpr int kGroup = 4;
  static std::size_t padded(std::size_t bytes) { return bytes + kRowPadding; }
  std::size_t row_bytes() const { return std::size_t{3} * image_.width; }
  std::uint8_t* slot(int index) { return &rows_[(index - begin_) % capacity_ * stride_]; }

  void make_group() {
    const std::uint8_t* in[kGroup];
    std::uint8_t* out[kGroup];
    for (int i = 0; i < kGroup; ++i) {
      in[i] = image_.pixels.data() + row_bytes() * std::min(end_ + i, image_.height - 1);
      // The image's own end is not padded.
      if (end_ + kGroup >= image_.height) {
        in[i] = std::copy_n(in[i], row_bytes(), &tail_[i * padded(row_bytes())]) - row_bytes();
      }
      out[i] = slot(end_ + i);
    }
    sum_along_rows(in, across_, out);
    end_ += kGroup;
  }

  const Image& image_;
  const Taps& across_;
  int begin_, end_, capacity_;
  std::size_t stride_;
  std::vector<std::uint8_t> rows_, tail_;
};

// The source pixel of each output. Positions are summed up, as Pillow does, which decides ties.
std::vector<int> nearest(const Axis& axis) {
  std::vector<int> result(axis.count);
  double centre = axis.start + 0.5 * axis.step;
  for (int& index : result) {
    index = std::clamp(static_cast<int>(std::floor(centre)), 0, axis.size - 1) - axis.origin;
    centre += axis.step;
  }
  return result;
}

void pick_nearest(const Image& image, const Axis& x, const Axis& y, const RowSink& sink) {
  const std::vector<int> columns = nearest(x), rows = nearest(y);
  std::vector<std::uint8_t> picked(std::size_t{3} * x.count);
  for (int i = 0; i < y.count; ++i) {
    const auto* row = &image.pixels[std::size_t{3} * image.width * rows[i]];
    auto to = picked.begin();
    for (int column : columns) to = std::copy_n(row + std::ptrdiff_t{3} * column, 3, to);
    sink(i, picked.data());
  }
}

Axis axis_of(double begin, double end, int count, int size) {
  return {begin, (end - begin) / count, count, size};
}

}  // namespace

Reach reach(const Axis& axis, Interpolation interpolation) {
  const double radius = support(axis, interpolation) + axis.step + 1;
  return {axis.start - radius, axis.start + axis.count * axis.step + radius};
}

void resample(const Image& image, const Axis& x, const Axis& y, Interpolation interpolation, const RowSink& sink) {
  if (interpolation == Interpolation::nearest) return pick_nearest(image, x, y, sink);
  const Taps across = taps_of(x, interpolation), down = taps_of(y, interpolation);
  RowRing ring(image, across, down.first.front(), down.stride);
  const std::size_t bytes = std::size_t{3} * x.count;
  std::vector<std::uint8_t> out(bytes + kRowPadding);
  std::vector<const std::uint8_t*> rows(down.stride);
  for (int i = 0; i < y.count; ++i) {
    for (int k = 0; k < down.count[i]; ++k) rows[k] = ring.row(down.first[i] + k);
    sum_down_columns(rows.data(), down.weights_of(i), down.count[i], bytes, out.data());
    sink(i, out.data());
  }
}

Image resample(const Image& image, const Axis& x, const Axis& y, Interpolation interpolation) {
  Image out = blank(x.count, y.count);
  const std::size_t bytes = std::size_t{3} * x.count;
  resample(image, x, y, interpolation,
           [&](int row, const std::uint8_t* rgb) { std::copy_n(rgb, bytes, out.pixels.data() + bytes * row); });
  return out;
}

Image resize(const Image& image, int width, int height, Interpolation interpolation, const Box& box) {
  require(image.width > 0 && image.height > 0, "an empty picture cannot be resized");
  require(width > 0 && height > 0 && width <= kMaxSide && height <= kMaxSide, "a picture cannot be resized to ", width,
          " x ", height);
  require(box.left >= 0 && box.top >= 0 && box.right <= image.width && box.bottom <= image.height &&
              box.left < box.right && box.top < box.bottom,
          "the box to resize is not inside of the picture");
  return resample(image, axis_of(box.left, box.right, width, image.width),
                  axis_of(box.top, box.bottom, height, image.height), interpolation);
}

Image resize(const Image& image, int width, int height, Interpolation interpolation) {
  const Box whole{0, 0, static_cast<double>(image.width), static_cast<double>(image.height)};
  return resize(image, width, height, interpolation, whole);
}

}  // namespace graft
