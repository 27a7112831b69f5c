#include "image/preprocess.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/error.h"
#include "image/codec.h"
#include "image/kernels.h"
#include "image/resize.h"

namespace graft {
namespace {

using Fit = Preprocess::Fit;

// Where the picture's sampled pixels come from, and where they are put in the network's input.
struct Geometry {
  Axis x, y;
  int left = 0, top = 0;
};

int rounded(double value) {
  return static_cast<int>(std::nearbyint(value));  // halves to even, as Python's round()
}

// The size a crop is taken from, of a picture that has exactly the shape of the network's input.
int before_crop(int size, const Preprocess& preprocess) {
  return std::max(size, rounded(size / preprocess.crop_fraction));
}

// A picture of width x height resized until it covers the target. One side is met; the other is rounded down, as
// torchvision's Resize does.
Geometry crop_geometry(int width, int height, const Preprocess& preprocess) {
  const std::int64_t target_width = before_crop(preprocess.width, preprocess);
  const std::int64_t target_height = before_crop(preprocess.height, preprocess);
  const bool width_binds = target_width * height >= target_height * width;
  const auto resized_width = width_binds ? target_width : target_height * width / height;
  const auto resized_height = width_binds ? target_width * height / width : target_height;
  const double step_x = static_cast<double>(width) / static_cast<double>(resized_width);
  const double step_y = static_cast<double>(height) / static_cast<double>(resized_height);
  const int left = rounded(static_cast<double>(resized_width - preprocess.width) / 2);
  const int top = rounded(static_cast<double>(resized_height - preprocess.height) / 2);
  return {{left * step_x, step_x, preprocess.width, width}, {top * step_y, step_y, preprocess.height, height}};
}

Geometry pad_geometry(int width, int height, const Preprocess& preprocess) {
  const double scale = std::min(1.0 * preprocess.width / width, 1.0 * preprocess.height / height);
  const int inner_width = std::clamp(rounded(width * scale), 1, preprocess.width);
  const int inner_height = std::clamp(rounded(height * scale), 1, preprocess.height);
  return {{0, 1.0 * width / inner_width, inner_width, width},
          {0, 1.0 * height / inner_height, inner_height, height},
          (preprocess.width - inner_width) / 2,
          (preprocess.height - inner_height) / 2};
}

Geometry geometry(int width, int height, const Preprocess& preprocess) {
  require(width > 0 && height > 0, "an empty picture cannot be a network's input");
  if (preprocess.fit == Fit::crop) return crop_geometry(width, height, preprocess);
  if (preprocess.fit == Fit::pad) return pad_geometry(width, height, preprocess);
  return {{0, 1.0 * width / preprocess.width, preprocess.width, width},
          {0, 1.0 * height / preprocess.height, preprocess.height, height}};
}

// An axis in pixels of the file, in pixels of a picture of `size` decoded from it at 1/2, 1/4 or 1/8.
Axis reduced(const Axis& axis, int size, int origin) {
  const double reduction = size > 0 ? std::round(1.0 * axis.size / size) : 1;
  return {axis.start / reduction, axis.step / reduction, axis.count, size, origin};
}

// Geometry is chosen for the size that the file says, so that it does not depend on how the file was decoded.
Geometry geometry_of(const Image& image, const Place& place, const Preprocess& preprocess) {
  const bool full = image.full_width == 0;
  Geometry result =
      geometry(full ? place.width : image.full_width, full ? place.height : image.full_height, preprocess);
  result.x = reduced(result.x, place.width, place.left);
  result.y = reduced(result.y, place.height, place.top);
  return result;
}

void sample(const Image& image, const Geometry& geometry, const Preprocess& preprocess, const RowSink& sink) {
  resample(image, geometry.x, geometry.y, preprocess.interpolation, sink);
}

// A row of the colour that normalises to zero, which is around a padded picture.
std::vector<std::uint8_t> mean_row(const Preprocess& preprocess) {
  std::vector<std::uint8_t> row(std::size_t{3} * preprocess.width);
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = static_cast<std::uint8_t>(std::clamp(rounded(preprocess.mean[i % 3] / preprocess.scale), 0, 255));
  }
  return row;
}

Scaling scaling_of(const Preprocess& preprocess) {
  Scaling scaling;
  for (int c = 0; c < 3; ++c) {
    scaling.offset[c] = static_cast<float>(preprocess.mean[c] / preprocess.scale);
    scaling.factor[c] = static_cast<float>(preprocess.scale / preprocess.std[c]);
  }
  return scaling;
}

std::size_t area(const Preprocess& preprocess) {
  return std::size_t{1} * preprocess.width * preprocess.height;
}

void check_size(const Preprocess& preprocess, std::span<float> out) {
  require(out.size() == 3 * area(preprocess), "a network's input of ", preprocess.width, " x ", preprocess.height,
          " has ", 3 * area(preprocess), " numbers, and there is room for ", out.size());
}

// resize_and_crop() and normalise() in one, without a picture between them.
void sample_normalised(const Image& image, const Geometry& geometry, const Preprocess& preprocess,
                       std::span<float> out) {
  check_size(preprocess, out);
  const Scaling scaling = scaling_of(preprocess);
  const std::size_t width = preprocess.width, plane = area(preprocess);
  if (preprocess.fit == Fit::pad) {
    const auto row = mean_row(preprocess);
    for (int y = 0; y < preprocess.height; ++y) scale_to_planes(row.data(), width, scaling, &out[width * y], plane);
  }
  sample(image, geometry, preprocess, [&](int y, const std::uint8_t* rgb) {
    scale_to_planes(rgb, geometry.x.count, scaling, &out[width * (geometry.top + y) + geometry.left], plane);
  });
}

// What a crop needs of a picture of this size.
Window window_of(const ImageInfo& info, const Preprocess& preprocess) {
  const Geometry needed = geometry(info.width, info.height, preprocess);
  const Reach across = reach(needed.x, preprocess.interpolation), down = reach(needed.y, preprocess.interpolation);
  return {across.begin / info.width, down.begin / info.height, across.end / info.width, down.end / info.height};
}

Image sampled(const Image& image, const Geometry& where, const Preprocess& preprocess) {
  Image out = blank(preprocess.width, preprocess.height);
  const auto row = [&](int y) { return out.pixels.begin() + std::ptrdiff_t{3} * out.width * y; };
  if (preprocess.fit == Fit::pad) {
    const auto mean = mean_row(preprocess);
    for (int y = 0; y < out.height; ++y) std::copy(mean.begin(), mean.end(), row(y));
  }
  sample(image, where, preprocess, [&](int y, const std::uint8_t* rgb) {
    std::copy_n(rgb, 3 * where.x.count, row(where.top + y) + 3 * where.left);
  });
  return out;
}

// Calls use(part) with what `preprocess` needs of a file's picture.
void with_part_of(ByteView bytes, const Preprocess& preprocess, const std::function<void(const Part&)>& use) {
  // The allocator gives an image's pages back to the system when it is freed, and fetching them again for the next one
  // takes as long as resizing it.
  constexpr std::size_t kMostKept = std::size_t{8} << 20;
  thread_local std::vector<std::uint8_t> kept;
  const Window window = window_of(read_info(bytes), preprocess);
  Part part = decode_part(bytes, decode_options(preprocess), window, std::exchange(kept, {}));
  use(part);
  if (part.image.pixels.capacity() <= kMostKept) kept = std::move(part.image.pixels);
}

}  // namespace

DecodeOptions decode_options(const Preprocess& preprocess) {
  const bool crops = preprocess.fit == Fit::crop;
  DecodeOptions options;
  options.cover_width = crops ? before_crop(preprocess.width, preprocess) : preprocess.width;
  options.cover_height = crops ? before_crop(preprocess.height, preprocess) : preprocess.height;
  return options;
}

Image resize_and_crop(const Image& image, const Preprocess& preprocess) {
  return sampled(image, geometry_of(image, {0, 0, image.width, image.height}, preprocess), preprocess);
}

void normalise(const Image& image, const Preprocess& preprocess, std::span<float> out) {
  check_size(preprocess, out);
  require(image.width == preprocess.width && image.height == preprocess.height, "the picture is ", image.width, " x ",
          image.height, " where the network takes ", preprocess.width, " x ", preprocess.height);
  const std::size_t plane = area(preprocess);
  scale_to_planes(image.pixels.data(), plane, scaling_of(preprocess), out.data(), plane);
}

void preprocess_file(ByteView bytes, const Preprocess& preprocess, std::span<float> out) {
  with_part_of(bytes, preprocess, [&](const Part& part) {
    sample_normalised(part.image, geometry_of(part.image, part.place, preprocess), preprocess, out);
  });
}

Image resize_and_crop_file(ByteView bytes, const Preprocess& preprocess) {
  Image out;
  with_part_of(bytes, preprocess, [&](const Part& part) {
    out = sampled(part.image, geometry_of(part.image, part.place, preprocess), preprocess);
  });
  return out;
}

}  // namespace graft
