// safetensors: a length, a JSON header, then the tensors' bytes. (Format: huggingface.co/docs/safetensors.)
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "graph/weights.h"

namespace graft {

struct Safetensors {
  Weights weights;
  std::map<std::string, std::string> metadata;
};

// Maps the file; tensors point into the mapping and are read from disk when touched. The header is checked whole:
// sizes, offsets without holes or overlaps, names without repeats.
Safetensors read_safetensors(const std::filesystem::path& path);
// The same from memory; `owner` keeps `bytes` alive. `source` names it in errors.
Safetensors parse_safetensors(ByteView bytes, std::shared_ptr<const void> owner, std::string_view source);

// The file's bytes. Wide types come first and names in order among them, as the format allows no gaps, so
// every tensor is aligned to its element.
std::string encode_safetensors(const Weights& weights, const std::map<std::string, std::string>& metadata = {});
// Written whole or not at all.
void write_safetensors(const std::filesystem::path& path, const Weights& weights,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace graft
