// Counts of how large values are, and the range in which int8 represents them best.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "bundle/precision.h"

namespace graft {

// Magnitudes, in equal bins from 0 to a power of two; the bins widen as larger values come, and their counts do not
// depend on the order. Not thread-safe.
class Histogram {
 public:
  // REQUIRES: all values are finite.
  void add(std::span<const float> values);

  // The range with the least squared error: values beyond it are cut off, those within rounded to one of 255 steps, or
  // 127 on each side of 0 where any is negative.
  ActivationRange best_range() const;

 private:
  static constexpr std::size_t kBins = 2048;

  void widen(float largest);
  double error(std::size_t bins, int steps) const;

  std::array<std::uint64_t, kBins> counts_{};
  float limit_ = 0;    // the end of the last bin
  float largest_ = 0;  // magnitude
  bool negative_ = false;
};

}  // namespace graft
