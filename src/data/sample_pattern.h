// Procedural colour: what a surface or a background looks like at a point in space.
#pragma once

#include "base/random.h"
#include "data/sample_distance.h"

namespace graft::sample {

// Red, green and blue in 0 .. 1.
using Colour = Vec3;

enum class Motif { plain, gradient, stripes, checker, spots, noise };

struct Pattern {
  Motif motif = Motif::plain;
  Colour one, other;
  Vec3 direction{0, 1, 0};  // of a gradient or of stripes
  float frequency = 1;      // repetitions per unit of length
  Vec3 offset;
};

// Any motif, in two colours of any hue whose brightness lies between `dark` and `bright`.
Pattern random_pattern(Random& random, float dark, float bright);

Colour colour_at(const Pattern& pattern, Vec3 p);

Vec3 random_direction(Random& random);
float uniform(Random& random, double low, double high);

}  // namespace graft::sample
