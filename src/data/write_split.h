// A division into train, validation and test, as files that every tool understands and open_splits() opens.
#pragma once

#include <filesystem>

#include "data/split.h"

namespace graft {

enum class SplitLayout {
  links,   // out/train/<label>/<file>, as hard links; copies where the file system has no links or is another one
  copies,  // the same, as files of their own
  lists,   // out/train.csv, naming the files where they are
};

struct WrittenSplit {
  std::size_t train = 0, validation = 0, test = 0;
  std::size_t left_out = 0;  // images that are not usable
};

// Divides the images and writes them to `out`, which must be empty or not there yet; after an error it is as it was.
// Names that would collide in a folder get the first digits of their digest.
WrittenSplit write_split(const ScannedSet& whole, const SplitFractions& fractions, const std::filesystem::path& out,
                         SplitLayout layout);

}  // namespace graft
