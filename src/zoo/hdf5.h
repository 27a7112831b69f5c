// HDF5 files of floating arrays: as much of the format as Keras uses.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "graph/weights.h"

namespace graft {

struct Hdf5 {
  std::map<std::string, std::string> attributes;  // the root's, those that are text
  Weights arrays;                                 // by path, e.g. "model_weights/conv/kernel:0"; all as f32
};

// Reads the whole file. What would lead out of it (links to other files, external storage, filters from plugins) is
// refused. The HDF5 library crashes or runs forever on some damaged files, so it works in a process of its own, which
// is ended after ten seconds of work: any file gives its arrays or an Error.
Hdf5 read_hdf5(const std::filesystem::path& path);

}  // namespace graft
