// A division into train, validation and test, as files that every tool understands and open_splits() opens.
#pragma once

#include <filesystem>

#include "data/split.h"
#include "data/write_set.h"

namespace graft {

struct WrittenSplit {
  std::size_t train = 0, validation = 0, test = 0;
  std::size_t left_out = 0;  // images that are not usable
};

// Divides the images and writes them to `out`, which must be empty or not there yet, as out/train/<label>/<file> or
// out/train.csv; after an error it is as it was.
WrittenSplit write_split(const ScannedSet& whole, const SplitFractions& fractions, const std::filesystem::path& out,
                         SetLayout layout);

}  // namespace graft
