// The two products that a linear head is fitted with, for a few rows of features at a time.
//
// A product with some 15 columns is bound by how often the features are read: a general matrix product copies them into
// another order first. These read them as they lie, while they are in the processor's cache.
#pragma once

#include <cstdint>
#include <vector>

namespace graft {

// Labels are padded to a multiple of this; what follows is about one such group of labels.
constexpr std::int64_t kLanes = 16;

struct HeadKernels {
  const char* name;
  // sums[row * stride + lane] += sum over k of features[row * length + k] * weight[k * kLanes + lane].
  void (*add_products)(const float* features, std::int64_t rows, std::int64_t length, const float* weight, float* sums,
                       std::int64_t stride);
  // gradient[k * kLanes + lane] += sum over rows of features[row * length + k] * slopes[row * stride + lane].
  void (*add_outer_products)(const float* features, std::int64_t rows, std::int64_t length, const float* slopes,
                             std::int64_t stride, float* gradient);
};

// Those that this processor runs, the fastest last.
const std::vector<HeadKernels>& head_kernels();

}  // namespace graft
