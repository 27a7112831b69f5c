// From a path to datasets, whatever kind of data lies there: a folder per label (image_folder.h), a list (manifest.h),
// a tar or a folder inside one (image_tar.h), a file of records (recordio.h), or a folder without sub-folders that
// holds one list, tar or such file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace graft {

// Images to learn labels from. Throws when nothing is there, when all images have one label, and when `path` is a
// folder of splits, whose train/ would be taken for a label.
DatasetPtr open_dataset(const std::filesystem::path& path);

// Images to be measured against labels that are known: the result has these labels, in this order, and may lack images
// of some. Throws when an image has another one.
DatasetPtr open_dataset(const std::filesystem::path& path, const std::vector<std::string>& labels);

// Images by the part they play. Null where there are none; all have the labels of `train`.
struct Splits {
  DatasetPtr train, validation, test;
};

// A folder or tar that holds train/, and perhaps validation/ (also valid/, val/) and test/, each a folder per label; or
// a folder with lists or tars of these names, such as train.csv. Anything else that open_dataset takes is all for
// training.
Splits open_splits(const std::filesystem::path& path);

// The same; validation and test are taken from their own paths where these are not empty.
Splits open_splits(const std::filesystem::path& train, const std::filesystem::path& validation,
                   const std::filesystem::path& test);

// Whether the images at `path` lie in folders, as files of their own.
bool is_image_folder(const std::filesystem::path& path);

}  // namespace graft
