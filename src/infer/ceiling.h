// The most that the processor's arithmetic gives: what a network's speed is a share of.
#pragma once

#include "bundle/precision.h"

namespace graft {

// Operations a second, two for each multiply-add, of large matrix products on `threads` threads: the best of several.
// Throws Kind::unavailable where the processor lacks the precision.
double arithmetic_ceiling(Precision precision, int threads);

}  // namespace graft
