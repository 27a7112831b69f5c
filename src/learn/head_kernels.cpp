#include "learn/head_kernels.h"

namespace graft {
namespace {

// A group of labels; the compiler splits it into as many registers as the processor needs for it.
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

#define GRAFT_INLINE inline __attribute__((always_inline))
// Sums are in registers only where the loop over them is written out.
#define GRAFT_UNROLL _Pragma("GCC unroll 8")

template <int kRows>
GRAFT_INLINE void products_of(const float* features, std::int64_t length, const float* weight, float* sums,
                              std::int64_t stride) {
  Lanes sum[kRows];
  GRAFT_UNROLL
  for (int row = 0; row < kRows; ++row) sum[row] = *reinterpret_cast<const Lanes*>(sums + row * stride);
  for (std::int64_t k = 0; k < length; ++k) {
    const Lanes factors = *reinterpret_cast<const Lanes*>(weight + k * kLanes);
    GRAFT_UNROLL
    for (int row = 0; row < kRows; ++row) sum[row] += features[row * length + k] * factors;
  }
  GRAFT_UNROLL
  for (int row = 0; row < kRows; ++row) *reinterpret_cast<Lanes*>(sums + row * stride) = sum[row];
}

template <int kRows>
GRAFT_INLINE void outer_products_of(const float* features, std::int64_t length, const float* slopes,
                                    std::int64_t stride, float* gradient) {
  Lanes slope[kRows];
  GRAFT_UNROLL
  for (int row = 0; row < kRows; ++row) slope[row] = *reinterpret_cast<const Lanes*>(slopes + row * stride);
  for (std::int64_t k = 0; k < length; ++k) {
    Lanes sum = *reinterpret_cast<const Lanes*>(gradient + k * kLanes);
    GRAFT_UNROLL
    for (int row = 0; row < kRows; ++row) sum += features[row * length + k] * slope[row];
    *reinterpret_cast<Lanes*>(gradient + k * kLanes) = sum;
  }
}

// kRows rows at a time: as many as there are registers for.
template <int kRows>
GRAFT_INLINE void all_products(const float* features, std::int64_t rows, std::int64_t length, const float* weight,
                               float* sums, std::int64_t stride) {
  std::int64_t row = 0;
  for (; row + kRows <= rows; row += kRows) {
    products_of<kRows>(features + row * length, length, weight, sums + row * stride, stride);
  }
  for (; row < rows; ++row) products_of<1>(features + row * length, length, weight, sums + row * stride, stride);
}

template <int kRows>
GRAFT_INLINE void all_outer_products(const float* features, std::int64_t rows, std::int64_t length, const float* slopes,
                                     std::int64_t stride, float* gradient) {
  std::int64_t row = 0;
  for (; row + kRows <= rows; row += kRows) {
    outer_products_of<kRows>(features + row * length, length, slopes + row * stride, stride, gradient);
  }
  for (; row < rows; ++row)
    outer_products_of<1>(features + row * length, length, slopes + row * stride, stride, gradient);
}

#define GRAFT_KERNELS(name, kRows, attribute)                                                                        \
  attribute void products_##name(const float* features, std::int64_t rows, std::int64_t length, const float* weight, \
                                 float* sums, std::int64_t stride) {                                                 \
    all_products<kRows>(features, rows, length, weight, sums, stride);                                               \
  }                                                                                                                  \
  attribute void outer_products_##name(const float* features, std::int64_t rows, std::int64_t length,                \
                                       const float* slopes, std::int64_t stride, float* gradient) {                  \
    all_outer_products<kRows>(features, rows, length, slopes, stride, gradient);                                     \
  }

GRAFT_KERNELS(portable, 2, )
#if defined(__x86_64__)
GRAFT_KERNELS(avx2, 4, __attribute__((target("avx2,fma"))))
GRAFT_KERNELS(avx512, 8, __attribute__((target("avx512f,fma"))))
#endif

std::vector<HeadKernels> kernels_here() {
  std::vector<HeadKernels> out = {{"portable", products_portable, outer_products_portable}};
#if defined(__x86_64__)
  const bool has_fma = __builtin_cpu_supports("fma");
  if (has_fma && __builtin_cpu_supports("avx2")) out.push_back({"avx2", products_avx2, outer_products_avx2});
  if (has_fma && __builtin_cpu_supports("avx512f")) out.push_back({"avx512", products_avx512, outer_products_avx512});
#endif
  return out;
}

}  // namespace

const std::vector<HeadKernels>& head_kernels() {
  static const std::vector<HeadKernels> kernels = kernels_here();
  return kernels;
}

}  // namespace graft
