// Pictures for tests, by the formulas of tools/record_image_golden.py, and what that script recorded.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "image/image.h"

namespace graft {

template <typename Formula>
Image picture(int width, int height, Formula formula) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) image.pixels.push_back(static_cast<std::uint8_t>(formula(x, y, c)));
    }
  }
  return image;
}

// Full of edges.
inline Image pattern(int width, int height) {
  return picture(width, height, [](int x, int y, int c) { return x * 7 + y * 13 + c * 50 + x * y % 31 * 5; });
}

inline Image smooth(int width, int height) {
  return picture(width, height,
                 [&](int x, int y, int c) { return 40 + x * 150 / width * (c != 1) + y * 60 / height * (c != 0); });
}

inline Bytes testdata(const std::string& name) {
  return read_file(std::string(GRAFT_TESTDATA "/") + name);
}

inline std::vector<Json> golden(const char* name, const char* group) {
  return field<std::vector<Json>>(parse_json(as_text(testdata(name)), name), group, name);
}

inline std::vector<std::uint8_t> pixels_of(const Json& entry) {
  const auto hex = field<std::string>(entry, "pixels", "golden");
  std::vector<std::uint8_t> pixels;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    pixels.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return pixels;
}

// The mean difference of two pictures' pixels, in levels.
inline double mean_difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  if (a.size() != b.size() || a.empty()) return 255;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

}  // namespace graft
