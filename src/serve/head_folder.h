// A folder of heads: NAME.safetensors, or NAME/head.safetensors as a bundle of head mode has it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "serve/stamp.h"

namespace graft {

struct FoundHead {
  std::filesystem::path file{};
  Stamp stamp{};
};

struct FoundHeads {
  std::map<std::string, FoundHead> heads{};  // by name; of a file and a folder of one name, the file
  std::vector<std::string> odd_names{};      // of files that would be heads, had they a model's name
};

FoundHeads find_heads(const std::filesystem::path& folder);

}  // namespace graft
