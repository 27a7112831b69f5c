// The inner loops of image/, each with a version for AVX2 that gives the same bytes. Internal to image/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace graft {

// Rows that a kernel reads or writes end with this many bytes that it may touch beyond what it was asked for.
constexpr std::size_t kRowPadding = 64;
// Bits behind the point of a weight: what a sum of 8-bit pixels leaves free in 32 bits, as in Pillow.
constexpr int kWeightBits = 22;

// How the outputs of one axis are made: output i is the sum of `count[i]` source pixels from first[i] on, weighted with
// weights[i * stride ...], which sum to 1 << kWeightBits.
struct Taps {
  int stride = 0;
  std::vector<int> first, count;
  std::vector<std::int32_t> weights;

  const std::int32_t* weights_of(std::size_t output) const { return weights.data() + output * stride; }
};

// Along rows, RGB: the outputs of each of 4 rows. REQUIRES: padded rows.
void sum_along_rows(const std::uint8_t* const source[4], const Taps& taps, std::uint8_t* const out[4]);

// Down columns: `bytes` bytes of one row from `count` rows. REQUIRES: padded rows.
void sum_down_columns(const std::uint8_t* const* rows, const std::int32_t* weights, int count, std::size_t bytes,
                      std::uint8_t* out);

// What makes a number of a byte, for each channel: (byte - offset) * factor.
struct Scaling {
  float offset[3], factor[3];
};

// [count, 3] bytes to three runs of `count` numbers whose beginnings are `plane` apart.
void scale_to_planes(const std::uint8_t* rgb, std::size_t count, const Scaling& scaling, float* out, std::size_t plane);

// The same on any processor.
namespace portable {
void sum_along_rows(const std::uint8_t* const source[4], const Taps& taps, std::uint8_t* const out[4]);
void sum_down_columns(const std::uint8_t* const* rows, const std::int32_t* weights, int count, std::size_t bytes,
                      std::uint8_t* out);
void scale_to_planes(const std::uint8_t* rgb, std::size_t count, const Scaling& scaling, float* out, std::size_t plane);
}  // namespace portable

}  // namespace graft
