// Keras' HDF5 files (.h5) of MobileNetV2, as keras.applications and Teachable Machine write them.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "graph/weights.h"

namespace graft {

bool is_hdf5(ByteView bytes);

struct KerasModel {
  // Under the names and in the layouts of mobilenetv2's graph. The dense layers after the trunk, one or two, are
  // "head.output" and, before it, "head.hidden", as replace_head names them; a bias that is not in the file is zero.
  Weights weights;
  int input_size = 0;  // the side of the pictures it was made for; 0 where the file does not say
};

// Throws when the file holds anything else: other layers, other settings of them, links out of the file.
KerasModel read_keras(const std::filesystem::path& path);

}  // namespace graft
