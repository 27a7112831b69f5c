// Forward passes in bf16 where that loses nothing: convolutions and products round their inputs, weights stay as they
// are (Micikevicius et al., "Mixed precision training", 2018; bf16 has the range of a float, so that gradients need no
// scaling).
#pragma once

#include <torch/types.h>

namespace graft {

// While one lives, this thread's operations on `device` compute so. `on` false: it does nothing.
class MixedPrecision {
 public:
  MixedPrecision(torch::Device device, bool on);
  ~MixedPrecision();
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  bool cuda_, on_;
};

}  // namespace graft
