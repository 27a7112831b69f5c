// Rewrites of a Program that keep what it computes and make it cheaper. Each is a function of its own; optimize() runs
// them in the order in which they help each other.
//
// A layer that absorbs the one behind it moves to that one's place, so that everything it reads is there already.
#pragma once

#include "infer/program.h"

namespace graft {

// A batch norm that alone reads a convolution goes into the convolution's weights and bias.
void fold_batch_norms(Program& program);

// Every other batch norm becomes a convolution of 1 x 1 with as many groups as channels, which back ends run as fast.
void convert_batch_norms(Program& program);

// An Add becomes the residual of the later of its operands that is a convolution nothing else reads.
void fuse_residuals(Program& program);

// An activation goes behind the convolution, linear layer or sum that it alone reads.
void fuse_activations(Program& program);

// Drops the layers that the output does not need.
void sweep(Program& program);

// All of the above.
void optimize(Program& program);

}  // namespace graft
