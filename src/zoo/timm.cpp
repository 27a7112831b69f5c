// timm numbers blocks within stages ("blocks.2.1"), torchvision all of them ("features.5"). A block is a convolution
// and a batch norm, twice in the first stage (depthwise, pointwise) and three times after it (pointwise, depthwise,
// linear).
#include "zoo/timm.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/error.h"

namespace graft {
namespace {

constexpr int kStages = 7;

struct BlockName {
  int stage = 0, block = 0;
  std::string layer, parameter;
};

// "blocks.2.1.conv_pw.weight"
std::optional<BlockName> parse_block(std::string_view name) {
  constexpr std::string_view kBlocks = "blocks.";
  if (!name.starts_with(kBlocks)) return std::nullopt;
  BlockName parsed;
  const char* const end = name.data() + name.size();
  const auto stage = std::from_chars(name.data() + kBlocks.size(), end, parsed.stage);
  if (stage.ec != std::errc() || stage.ptr == end || *stage.ptr != '.') return std::nullopt;
  const auto block = std::from_chars(stage.ptr + 1, end, parsed.block);
  if (block.ec != std::errc() || block.ptr == end || *block.ptr != '.') return std::nullopt;
  const std::string_view rest(block.ptr + 1, end);
  const std::size_t dot = rest.find('.');
  if (dot == std::string_view::npos || parsed.stage < 0 || parsed.stage >= kStages || parsed.block < 0)
    return std::nullopt;
  parsed.layer = rest.substr(0, dot);
  parsed.parameter = rest.substr(dot + 1);
  return parsed;
}

const char* path_in_block(int stage, std::string_view layer) {
  static const std::map<std::string_view, const char*> kFirst = {
      {"conv_dw", "0.0"}, {"bn1", "0.1"}, {"conv_pw", "1"}, {"bn2", "2"}};
  static const std::map<std::string_view, const char*> kOthers = {
      {"conv_pw", "0.0"}, {"bn1", "0.1"}, {"conv_dw", "1.0"}, {"bn2", "1.1"}, {"conv_pwl", "2"}, {"bn3", "3"}};
  const auto& layers = stage == 0 ? kFirst : kOthers;
  const auto found = layers.find(layer);
  return found == layers.end() ? nullptr : found->second;
}

// How many blocks there are before each stage.
std::array<int, kStages> blocks_before(const Weights& weights) {
  std::array<int, kStages> sizes{}, before{};
  for (const auto& [name, tensor] : weights) {
    const auto block = parse_block(name);
    if (!block || block->block >= 100) continue;
    int& size = sizes[static_cast<std::size_t>(block->stage)];
    size = std::max(size, block->block + 1);
  }
  for (std::size_t i = 1; i < before.size(); ++i) before[i] = before[i - 1] + sizes[i - 1];
  return before;
}

std::string outside_blocks(const std::string& name) {
  static const std::pair<std::string_view, const char*> kModules[] = {{"conv_stem.", "features.0.0."},
                                                                      {"bn1.", "features.0.1."},
                                                                      {"conv_head.", "features.18.0."},
                                                                      {"bn2.", "features.18.1."},
                                                                      {"classifier.", "classifier.1."}};
  for (const auto& [theirs, ours] : kModules) {
    if (name.starts_with(theirs)) return ours + name.substr(theirs.size());
  }
  return name;
}

}  // namespace

Weights from_timm_names(Weights weights) {
  if (!weights.contains("conv_stem.weight") || !weights.contains("blocks.0.0.conv_dw.weight")) return weights;
  const auto before = blocks_before(weights);
  Weights renamed;
  for (auto& [name, tensor] : weights) {
    std::string ours = outside_blocks(name);
    if (const auto block = parse_block(name)) {
      if (const char* path = path_in_block(block->stage, block->layer)) {
        const int index = 1 + before[static_cast<std::size_t>(block->stage)] + block->block;
        ours = text("features.", index, ".conv.", path, ".", block->parameter);
      }
    }
    renamed.insert_or_assign(std::move(ours), std::move(tensor));
  }
  return renamed;
}

}  // namespace graft
