// Weights rounded to what a layer's precision can say, so that the output suffers least.
//
// Rounding to the nearest leaves errors that add up where it hurts: pixels side by side are alike, so the errors of a
// filter's taps add up rather than average out, and inputs that are never negative turn them into a constant shift. So
// the taps that read one channel are rounded up or down such that their errors cancel (after Nagel et al., "Up or down?
// Adaptive rounding for post-training quantization", 2020, of which this is the simplest form), and what shift is left
// is taken off the bias (Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019).
#pragma once

#include <span>

#include "infer/program.h"

namespace graft {

// Rounds the weights of every layer that computes in bf16 or int8, and corrects its bias. REQUIRES: int8 layers have
// their scales.
void round_weights(Program& program);

// The grid that one weight is rounded to: neighbours of `value` that can be stored, equal where it is one of them.
struct Neighbours {
  float below, above;
};
Neighbours bf16_neighbours(float value);

// Each of `taps` to one of its neighbours, with a sum as near to theirs as single changes lead.
void round_together(std::span<float> taps, std::span<const Neighbours> neighbours);

}  // namespace graft
