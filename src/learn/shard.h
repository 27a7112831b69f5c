// Which images of each step a rank computes.
//
// A step's images are a slice of the epoch's order, whatever the number of ranks, and each rank takes a part of the
// slice: so what a step learns from does not depend on how many there are.
#pragma once

#include <cstddef>
#include <vector>

namespace graft {

// A part of a step's images.
struct Share {
  std::size_t begin = 0, end = 0;  // of the step's images
  std::size_t of = 0;              // images in the step
  // A step too small to give each rank two images is computed whole by every rank; each then counts for a part.
  double weight = 1;

  std::size_t images() const { return end - begin; }
};

// In pairs, as mixup joins neighbours; the last rank also takes an odd one.
Share share_of(std::size_t images, int rank, int ranks);

// One epoch's steps: `batch` images each; the last has what is left, unless that is a single image, of which batch norm
// has no use. An epoch of one image has it.
std::vector<std::size_t> step_sizes(std::size_t images, std::size_t batch);

// What a rank reads of an epoch from `first_step` on.
struct Shard {
  std::vector<std::size_t> order;  // into the dataset, step after step
  std::vector<Share> steps;
};
Shard shard_of(const std::vector<std::size_t>& order, std::size_t batch, std::size_t first_step, int rank, int ranks);

}  // namespace graft
