// How fast image files become features.
#pragma once

#include <filesystem>

#include "learn/features.h"

namespace graft {

struct FilesSpeed {
  std::size_t images = 0;
  double images_per_second = 0;
  double busy = 0;  // the share of the cores' time in which they worked for this process
};

// Reading, decoding, preprocessing and computing of all images under `folder` (whatever open_dataset() takes), with all
// cores and without a cache. A first pass brings the files into memory and is not counted.
FilesSpeed measure_files_speed(const Backbone& backbone, const std::filesystem::path& folder);

}  // namespace graft
