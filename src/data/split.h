// Which images are for training, for validation and for the test: decided by what is in them.
//
// An image's content alone draws a number u in [0, 1): the first bytes of the SHA-256 of its digest and a constant.
//
//   0 ........ test ........................................ 1 - validation ......... 1
//     test      |                  train                          |     validation
//
// So an image keeps its part when others are added or removed, copies of an image are always together, and each label
// is divided nearly alike. Small labels need two exceptions, which look at one label at a time:
//
//   1. A label of two different images or more has one for validation: when none is, the one nearest to it moves there,
//      that is, the training image with the largest u.
//   2. A label has an image for training: when none is, the validation image with the smallest u moves there, or where
//      rule 1 needs that one, the test image with the largest.
//
// Only an image that was moved can change its part later, and only while its label is that small. An image that several
// labels claim is not moved.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/digest.h"
#include "data/scan.h"

namespace graft {

enum class Split : std::uint8_t { train, validation, test };

// Shares of the images, together below 1. Validation 0 takes rule 1 away.
struct SplitFractions {
  double validation = 0.2;
  double test = 0;
};

// The part of each image, by its digest and its label.
std::vector<Split> assign_splits(std::span<const Digest> digests, std::span<const int> labels,
                                 const SplitFractions& fractions);

// Divides the usable images. A split whose share is 0 has no dataset.
ScannedSplits split(const ScannedSet& whole, const SplitFractions& fractions);

}  // namespace graft
