// Separable resampling of a part of a picture. Internal to image/: transform.h has resize().
#pragma once

#include <functional>

#include "image/transform.h"

namespace graft {

// One axis of a resampling: output i, of `count`, is centred at start + (i + 0.5) * step of a source of `size` pixels.
// The image at hand may be a part of that source and begin at its pixel `origin`.
struct Axis {
  double start = 0, step = 1;
  int count = 0;
  int size = 0;
  int origin = 0;
};

// Takes the rows of a result, from the top: their number and RGB pixels, which are valid during the call.
using RowSink = std::function<void(int y, const std::uint8_t* rgb)>;

// REQUIRES: the image holds the pixels that reach() names.
void resample(const Image& image, const Axis& x, const Axis& y, Interpolation interpolation, const RowSink& sink);
Image resample(const Image& image, const Axis& x, const Axis& y, Interpolation interpolation);

// The interval of the source that an axis reads, and a little more; it may go beyond the source.
struct Reach {
  double begin, end;
};
Reach reach(const Axis& axis, Interpolation interpolation);

}  // namespace graft
