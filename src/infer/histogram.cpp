#include "infer/histogram.h"

#include <algorithm>
#include <cmath>

namespace graft {

void Histogram::widen(float largest) {
  if (limit_ == 0) limit_ = std::exp2(std::ceil(std::log2(largest)));
  while (limit_ < largest) {
    for (std::size_t i = 0; i < kBins / 2; ++i) counts_[i] = counts_[2 * i] + counts_[2 * i + 1];
    std::fill(counts_.begin() + kBins / 2, counts_.end(), 0);
    limit_ *= 2;
  }
}

void Histogram::add(std::span<const float> values) {
  if (values.empty()) return;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  negative_ = negative_ || *low < 0;
  const float largest = std::max(-*low, *high);
  largest_ = std::max(largest_, largest);
  if (largest > limit_) widen(largest);
  if (limit_ == 0) return;
  const float factor = static_cast<float>(kBins) / limit_;
  for (const float value : values) {
    ++counts_[std::min(kBins - 1, static_cast<std::size_t>(std::abs(value) * factor))];
  }
}

// Of cutting off behind so many bins. Within a bin values are taken to be spread evenly.
double Histogram::error(std::size_t bins, int steps) const {
  const double step = static_cast<double>(bins) / steps;  // in bins
  double sum = 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    if (counts_[i] == 0) continue;
    const double beyond = static_cast<double>(i) + 0.5 - static_cast<double>(bins);
    sum += static_cast<double>(counts_[i]) * (beyond > 0 ? beyond * beyond : step * step / 12);
  }
  return sum;
}

ActivationRange Histogram::best_range() const {
  const int steps = negative_ ? 127 : 255;
  std::size_t best = kBins;
  double least = error(kBins, steps);
  for (std::size_t bins = kBins / 16; bins < kBins; bins += kBins / 128) {
    const double candidate = error(bins, steps);
    if (candidate < least) {
      least = candidate;
      best = bins;
    }
  }
  const float high = std::min(largest_, limit_ * static_cast<float>(best) / static_cast<float>(kBins));
  return {negative_ ? -high : 0, high};
}

}  // namespace graft
