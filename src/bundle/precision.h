// The number formats that a compiled network computes in, and what is recorded of them in a bundle.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace graft {

enum class Precision { fp32, bf16, int8 };

std::string name_of(Precision precision);  // "fp32", ...
// Throws, listing the names, when it is none of them.
Precision precision_from_name(std::string_view name);

// The values that a layer's output takes on real images; in int8 it saturates beyond them. low <= 0 <= high.
struct ActivationRange {
  float low = 0, high = 0;
  bool operator==(const ActivationRange&) const = default;
};

// By the name of the graph's node.
using ActivationRanges = std::map<std::string, ActivationRange>;

// How the same weights answer in a precision and in fp32, on images that they were not fitted to.
struct PrecisionCheck {
  Precision precision = Precision::fp32;
  int images = 0;
  double agreement = 1;  // share of the images where both name the same label
  double accuracy = 0, fp32_accuracy = 0;
  bool operator==(const PrecisionCheck&) const = default;
};

}  // namespace graft
