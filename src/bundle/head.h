// A head by itself: the few layers behind a backbone, small enough to keep ten thousand of them in memory.
//
// One safetensors file, head.safetensors in a bundle's folder, whose metadata is labels, temperature and the backbone's
// digest. It answers only behind the backbone whose features it was fitted to.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bundle/bundle.h"

namespace graft {

struct Head {
  struct Layer {
    std::int64_t inputs = 0, outputs = 0;
    std::vector<float> weight;  // [outputs, inputs]
    std::vector<float> bias;    // [outputs]
  };
  std::string backbone;  // backbone_digest() of the bundle it is from
  bool root = false;     // takes the square root of the features first
  std::vector<Layer> layers;  // one, or two with ReLU between them
  std::vector<std::string> labels;
  double temperature = 1;

  // Of its numbers and labels in memory.
  std::size_t bytes() const;
};

// Names the graph, weights and preprocessing that make the features.
std::string backbone_digest(const Bundle& bundle);

// Throws when the bundle has no head, or one of another form.
Head head_of(const Bundle& bundle);

// Throws naming the file and what is wrong in it.
Head read_head(const std::filesystem::path& file);
void write_head(const std::filesystem::path& file, const Head& head);

// features: [layers.front().inputs]; output: calibrated probabilities [labels].
void answer(const Head& head, std::span<const float> features, std::span<float> output);

}  // namespace graft
