#include "zoo/checkpoint.h"

#include "base/error.h"
#include "base/file.h"
#include "graph/safetensors.h"
#include "zoo/keras.h"
#include "zoo/pytorch_checkpoint.h"
#include "zoo/timm.h"

namespace graft {
namespace {

// A header's length and the brace it begins with.
bool is_safetensors(ByteView bytes) {
  return bytes.size() > sizeof(std::uint64_t) && as_text(bytes)[sizeof(std::uint64_t)] == '{';
}

}  // namespace

std::string name_of(CheckpointFormat format) {
  constexpr const char* kNames[] = {"safetensors", "pytorch", "keras"};
  return kNames[static_cast<std::size_t>(format)];
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const std::string source = path.string();
  require(!std::filesystem::is_directory(path), source, ": a folder, not a file of weights");
  const MappedFile file(path);
  if (is_hdf5(file.bytes())) {
    KerasModel model = read_keras(path);
    return {CheckpointFormat::keras, std::move(model.weights), model.input_size};
  }
  if (is_pytorch(file.bytes())) {
    return {CheckpointFormat::pytorch, from_timm_names(parse_pytorch(file.bytes(), source))};
  }
  require(is_safetensors(file.bytes()), source,
          ": none of the formats graft reads, which are safetensors, PyTorch (.pth, .pt) and Keras (.h5)");
  Safetensors content = parse_safetensors(file.bytes(), file.owner(), source);
  return {CheckpointFormat::safetensors, from_timm_names(std::move(content.weights))};
}

}  // namespace graft
