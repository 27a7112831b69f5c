// The passes that decide in which format each layer computes and writes. They run after those of passes.h.
//
// The picture comes as floats and the output goes as floats; global averages, which are the features, are computed in
// fp32 always. A back end converts where a layer reads another format than was written.
#pragma once

#include "bundle/precision.h"
#include "infer/program.h"

namespace graft {

// Every layer computes in `precision`, fp32 or bf16, but for those that bf16 would make too noisy (noise.h). Weights
// are rounded with care (rounding.h).
void set_precision(Program& program, Precision precision);

// Convolutions and linear layers compute in int8, but for the first and the last, which compute in `rest`, as does all
// that has no int8 form. Weights get a scale per output channel and are rounded with
// care, and every output that an int8 layer reads a scale of
// its own; what goes through pooling or into one concatenation shares a scale. Throws Kind::invalid, naming the layer,
// where `ranges` lacks one. (Jacob et al., "Quantization and training of neural networks for efficient
// integer-arithmetic-only inference", 2018, with symmetric ranges.)
void quantise(Program& program, Precision rest, const ActivationRanges& ranges);

}  // namespace graft
