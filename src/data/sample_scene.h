// One picture of the sample set: an object of a kind, lit, textured, turned, before a background with clutter on it.
#pragma once

#include "base/random.h"
#include "data/sample_solids.h"
#include "image/image.h"

namespace graft::sample {

// A picture of `size` by `size` pixels. Everything but the kind of object is drawn from `key`, and from nothing that
// depends on the kind: shape alone tells the label.
Image draw(const Solid& solid, int size, Key key);

}  // namespace graft::sample
