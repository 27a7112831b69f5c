// From the facts of files to findings; scan.cpp's second half.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "data/scan.h"

namespace graft {

// The splits that are there, with their names.
std::vector<std::pair<std::string_view, const ScannedSet*>> present(const ScannedSplits& splits);

std::vector<Finding> find_all(const ScannedSplits& splits);

// Of one kind: images with the same content. In scan_duplicates.cpp.
void find_duplicates(const ScannedSplits& splits, std::vector<Finding>& findings);

// "validation/ants/13.jpg", or without the split when there is only one.
std::string full_name(const ScannedSplits& splits, std::size_t split, std::size_t file);

// Counts one more, and keeps `example` while there is room.
void add_example(Finding& finding, std::string example);

// "1 image", "2 images".
std::string counted(std::size_t count, std::string_view thing);

}  // namespace graft
