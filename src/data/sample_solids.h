// The kinds of objects that the sample set shows. One kind is one function in a table.
#pragma once

#include <span>
#include <string_view>

#include "data/sample_distance.h"

namespace graft::sample {

struct Solid {
  std::string_view name;
  float (*distance)(Vec3 p);
};

// What a general network is trained on, and what it has never seen.
std::span<const Solid> general_solids();
std::span<const Solid> domain_solids();

// Plain pieces that lie about in every picture and are no kind of either part.
std::span<const Solid> clutter();

}  // namespace graft::sample
