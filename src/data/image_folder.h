// A folder of images: one sub-folder per label.
//
//   photos/ants/0013.jpg
//   photos/ants/more/7.png      nested files belong to the top folder's label
//   photos/bees/hive.JPEG
//
// Labels are the sub-folders that hold an image, in the order of their names; images are in the order of theirs. An
// image is what is named .jpg, .jpeg, .png, .webp, .gif or .bmp, in any case. Other files and empty sub-folders are
// listed as ignored; names that begin with a dot are not looked at. Symbolic links are followed, into each folder once
// per label, so that loops end.
#pragma once

#include <filesystem>

#include "data/listing.h"

namespace graft {

// Reads names only: a million files take about a second. Throws when the folder is not there or holds no image in a
// sub-folder.
Listing list_image_folder(const std::filesystem::path& folder);

// Whether the name ends as an image's does.
bool is_image_name(std::string_view name);

}  // namespace graft
