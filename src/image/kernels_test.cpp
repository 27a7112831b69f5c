#include "image/kernels.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace graft {
namespace {

std::vector<std::uint8_t> noise(std::size_t size) {
  Random random(Key{size});
  std::vector<std::uint8_t> bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

Taps random_taps(int outputs, int taps) {
  Random random(Key{1});
  Taps result{taps, {}, {}, {}};
  for (int i = 0; i < outputs; ++i) {
    result.first.push_back(static_cast<int>(random.below(20)));
    result.count.push_back(1 + static_cast<int>(random.below(taps)));
    for (int k = 0; k < taps; ++k) {
      const double share = 1.5 * random.uniform(-0.2, 1) / taps;
      result.weights.push_back(static_cast<std::int32_t>(share * (1 << kWeightBits)));
    }
  }
  return result;
}

TEST(Kernels, GiveTheSameBytesAlongRowsOnEveryProcessor) {
  const auto source = noise(4 * 200);
  const Taps taps = random_taps(33, 7);
  std::vector<std::uint8_t> fast(4 * 256), plain(4 * 256);
  const std::uint8_t* from[4];
  std::uint8_t *to_fast[4], *to_plain[4];
  for (std::size_t i = 0; i < 4; ++i) {
    from[i] = &source[200 * i];
    to_fast[i] = &fast[256 * i];
    to_plain[i] = &plain[256 * i];
  }
  sum_along_rows(from, taps, to_fast);
  portable::sum_along_rows(from, taps, to_plain);
  for (int row = 0; row < 4; ++row) {
    for (int i = 0; i < 99; ++i) ASSERT_EQ(to_fast[row][i], to_plain[row][i]) << row << ", " << i;
  }
}

TEST(Kernels, GiveTheSameBytesDownColumnsOnEveryProcessor) {
  const auto source = noise(5 * 256);
  const Taps taps = random_taps(1, 5);
  const std::uint8_t* rows[5];
  for (std::size_t i = 0; i < 5; ++i) rows[i] = &source[256 * i];
  std::vector<std::uint8_t> fast(256), plain(256);
  sum_down_columns(rows, taps.weights_of(0), 5, 130, fast.data());
  portable::sum_down_columns(rows, taps.weights_of(0), 5, 130, plain.data());
  for (int i = 0; i < 130; ++i) ASSERT_EQ(fast[i], plain[i]) << i;
}

TEST(Kernels, GiveTheSameNumbersOnEveryProcessor) {
  const Scaling scaling{{123.7f, 116.3f, 103.5f}, {0.0171f, 0.0175f, 0.0174f}};
  for (std::size_t count : {1, 15, 16, 17, 50}) {
    const auto rgb = noise(3 * count);
    std::vector<float> fast(3 * 64), plain(3 * 64);
    scale_to_planes(rgb.data(), count, scaling, fast.data(), 64);
    portable::scale_to_planes(rgb.data(), count, scaling, plain.data(), 64);
    EXPECT_EQ(fast, plain) << count;
  }
}

}  // namespace
}  // namespace graft
