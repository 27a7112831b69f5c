// What layers are expected to write, without running them: batch norm says the mean and the deviation of its output,
// and what follows is computed from there, as if values were normally distributed (Nagel et al., "Data-free
// quantization through weight equalization and bias correction", 2019).
#pragma once

#include "infer/program.h"

namespace graft {

// Of `layer`, which reads layers of `program`. Empty where its inputs' are needed and empty, and for what has no batch
// norm.
Moments expected_output(const Layer& layer, const Program& program, const Weights& weights);

}  // namespace graft
