#include "image/kernels.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
// Marks a function that runs only where the processor has AVX2; the rest of the binary runs everywhere.
#define GRAFT_AVX2 __attribute__((target("avx2")))
#endif

namespace graft {
namespace {

constexpr int kHalf = 1 << (kWeightBits - 1);

std::uint8_t rounded(int sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

}  // namespace

namespace portable {

void sum_along_rows(const std::uint8_t* const source[4], const Taps& taps, std::uint8_t* const out[4]) {
  for (std::size_t i = 0; i < taps.first.size(); ++i) {
    const std::int32_t* weights = taps.weights_of(i);
    for (int row = 0; row < 4; ++row) {
      const std::uint8_t* from = source[row] + std::size_t{3} * taps.first[i];
      int sum[3] = {kHalf, kHalf, kHalf};
      for (int k = 0; k < taps.count[i]; ++k) {
        for (int c = 0; c < 3; ++c) sum[c] += from[3 * k + c] * weights[k];
      }
      for (int c = 0; c < 3; ++c) out[row][3 * i + c] = rounded(sum[c]);
    }
  }
}

void sum_down_columns(const std::uint8_t* const* rows, const std::int32_t* weights, int count, std::size_t bytes,
                      std::uint8_t* out) {
  for (std::size_t i = 0; i < bytes; ++i) {
    int sum = kHalf;
    for (int k = 0; k < count; ++k) sum += rows[k][i] * weights[k];
    out[i] = rounded(sum);
  }
}

void scale_to_planes(const std::uint8_t* rgb, std::size_t count, const Scaling& scaling, float* out,
                     std::size_t plane) {
  for (std::size_t i = 0; i < count; ++i) {
    for (int c = 0; c < 3; ++c) {
      out[c * plane + i] = (static_cast<float>(rgb[3 * i + c]) - scaling.offset[c]) * scaling.factor[c];
    }
  }
}

}  // namespace portable

#if defined(__x86_64__)
namespace avx2 {
namespace {

// Two rows' pixels at a byte, as eight numbers: red, green, blue and a byte of the next pixel, twice.
GRAFT_AVX2 __m256i two_pixels(const std::uint8_t* a, const std::uint8_t* b) {
  int first, second;
  std::memcpy(&first, a, 4);
  std::memcpy(&second, b, 4);
  return _mm256_cvtepu8_epi32(_mm_insert_epi32(_mm_cvtsi32_si128(first), second, 1));
}

GRAFT_AVX2 __m256i eight_bytes(const std::uint8_t* at) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)));
}

// The eight sums of `a`, then those of `b`, as bytes.
GRAFT_AVX2 __m128i rounded(__m256i a, __m256i b) {
  const __m256i shorts = _mm256_packs_epi32(_mm256_srai_epi32(a, kWeightBits), _mm256_srai_epi32(b, kWeightBits));
  const __m256i in_order = _mm256_permute4x64_epi64(shorts, 0xD8);
  return _mm_packus_epi16(_mm256_castsi256_si128(in_order), _mm256_extracti128_si256(in_order, 1));
}

GRAFT_AVX2 void add(__m256i& sum, __m256i pixels, __m256i weight) {
  sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(pixels, weight));
}

GRAFT_AVX2 void sum_along_rows(const std::uint8_t* const source[4], const Taps& taps, std::uint8_t* const out[4]) {
  const std::uint8_t *const a = source[0], *const b = source[1], *const c = source[2], *const d = source[3];
  const std::size_t outputs = taps.first.size();
  for (std::size_t i = 0; i < outputs; ++i) {
    const std::int32_t* weights = taps.weights_of(i);
    const std::int32_t* const end = weights + taps.count[i];
    __m256i upper = _mm256_set1_epi32(kHalf), lower = upper;
    for (std::size_t at = std::size_t{3} * taps.first[i]; weights < end; ++weights, at += 3) {
      const __m256i weight = _mm256_set1_epi32(*weights);
      add(upper, two_pixels(a + at, b + at), weight);
      add(lower, two_pixels(c + at, d + at), weight);
    }
    alignas(16) std::uint32_t pixels[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(pixels), rounded(upper, lower));
    // The fourth byte is not the pixel's; the next pixel overwrites it.
    for (int row = 0; row < 4; ++row) std::memcpy(out[row] + 3 * i, &pixels[row], 4);
  }
}

GRAFT_AVX2 void sum_down_columns(const std::uint8_t* const* rows, const std::int32_t* weights, int count,
                                 std::size_t bytes, std::uint8_t* out) {
  for (std::size_t i = 0; i < bytes; i += 32) {
    __m256i sums[4];
    for (auto& sum : sums) sum = _mm256_set1_epi32(kHalf);
    for (int k = 0; k < count; ++k) {
      const __m256i weight = _mm256_set1_epi32(weights[k]);
      for (int part = 0; part < 4; ++part) add(sums[part], eight_bytes(rows[k] + i + 8 * part), weight);
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), rounded(sums[0], sums[1]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i + 16), rounded(sums[2], sums[3]));
  }
}

// For each channel and each third of 48 bytes, where the channel's bytes are; 0x80 leaves a zero.
using Picks = std::array<std::array<std::array<std::uint8_t, 16>, 3>, 3>;
constexpr Picks picks() {
  Picks result{};
  for (int c = 0; c < 3; ++c) {
    for (int third = 0; third < 3; ++third) {
      for (int i = 0; i < 16; ++i) {
        const int from = 3 * i + c - 16 * third;
        result[c][third][i] = static_cast<std::uint8_t>(from >= 0 && from < 16 ? from : 0x80);
      }
    }
  }
  return result;
}
alignas(16) constexpr Picks kPicks = picks();

// Channel `c` of 16 RGB pixels.
GRAFT_AVX2 __m128i channel_of(const __m128i block[3], int c) {
  __m128i result = _mm_setzero_si128();
  for (int third = 0; third < 3; ++third) {
    const __m128i pick = _mm_load_si128(reinterpret_cast<const __m128i*>(kPicks[c][third].data()));
    result = _mm_or_si128(result, _mm_shuffle_epi8(block[third], pick));
  }
  return result;
}

// Subtracts first, so that nothing is fused and every processor gives the same numbers.
GRAFT_AVX2 void store_scaled(__m128i bytes, float offset, float factor, float* out) {
  const __m256 values = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
  _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_sub_ps(values, _mm256_set1_ps(offset)), _mm256_set1_ps(factor)));
}

GRAFT_AVX2 void scale_to_planes(const std::uint8_t* rgb, std::size_t count, const Scaling& scaling, float* out,
                                std::size_t plane) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m128i block[3];
    std::memcpy(block, rgb + 3 * i, sizeof block);
    for (int c = 0; c < 3; ++c) {
      const __m128i bytes = channel_of(block, c);
      float* to = out + c * plane + i;
      store_scaled(bytes, scaling.offset[c], scaling.factor[c], to);
      store_scaled(_mm_srli_si128(bytes, 8), scaling.offset[c], scaling.factor[c], to + 8);
    }
  }
  portable::scale_to_planes(rgb + 3 * i, count - i, scaling, out + i, plane);
}

}  // namespace
}  // namespace avx2

const bool has_avx2 = __builtin_cpu_supports("avx2");
#else
namespace avx2 = portable;
constexpr bool has_avx2 = false;
#endif

void sum_along_rows(const std::uint8_t* const source[4], const Taps& taps, std::uint8_t* const out[4]) {
  (has_avx2 ? avx2::sum_along_rows : portable::sum_along_rows)(source, taps, out);
}

void sum_down_columns(const std::uint8_t* const* rows, const std::int32_t* weights, int count, std::size_t bytes,
                      std::uint8_t* out) {
  (has_avx2 ? avx2::sum_down_columns : portable::sum_down_columns)(rows, weights, count, bytes, out);
}

void scale_to_planes(const std::uint8_t* rgb, std::size_t count, const Scaling& scaling, float* out,
                     std::size_t plane) {
  (has_avx2 ? avx2::scale_to_planes : portable::scale_to_planes)(rgb, count, scaling, out, plane);
}

}  // namespace graft
