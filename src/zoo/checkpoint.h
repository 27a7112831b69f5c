// Files of weights in any format graft reads, told apart by their content.
#pragma once

#include <filesystem>
#include <string>

#include "graph/weights.h"

namespace graft {

enum class CheckpointFormat { safetensors, pytorch, keras };
std::string name_of(CheckpointFormat format);

struct Checkpoint {
  CheckpointFormat format;
  Weights weights;     // under torchvision's names where graft knows how theirs correspond
  int input_size = 0;  // the side of the pictures it was made for; 0 where the file does not say
};

// Throws when it is none of them, or what is in it is not safe to read.
Checkpoint read_checkpoint(const std::filesystem::path& path);

}  // namespace graft
