// A tar of images: what image_folder.h says of a folder, said of a tar, or of a folder inside one.
//
// Folders that hold all the images and nothing but one another are passed over: general.tar/general/ants/0013.jpg has
// the label ants. Links, and files that do not lie in the tar in one piece, are ignored.
#pragma once

#include <string>
#include <vector>

#include "data/listing.h"
#include "data/tar.h"

namespace graft {

// Throws when there is no image in a sub-folder of `at`.
Listing list_image_tar(const TarPath& at);

// The folder whose sub-folders the images of `at` are divided by.
TarPath image_root(const TarPath& at);

// The sub-folders of `at` that hold an image, in the order of their names.
std::vector<std::string> image_subfolders(const TarPath& at);

}  // namespace graft
