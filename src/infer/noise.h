// How much of a layer's output is noise, because what it reads is rounded to bf16.
//
// bf16 keeps 8 bits of a number however large its constant part is. A filter whose taps add up to nearly nothing, as
// many depthwise ones do, takes that part off and is left with its rounding. Batch norm says how large the part is and
// how large what is left, so the noise is known before any picture is seen.
#pragma once

#include "infer/program.h"

namespace graft {

// The noise's variance as a share of the output's own. 0 where nothing is known of what the layer reads or writes.
double bf16_noise(const Program& program, const Layer& layer);

}  // namespace graft
