// A head by itself: the few layers behind a backbone, small enough to keep ten thousand of them in memory.
//
// It is one safetensors file, in a bundle's folder head.safetensors, and answers only behind the backbone whose
// features it was fitted to: docs/bundle_format.md.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/bundle.h"

namespace graft {

constexpr char kHeadFile[] = "head.safetensors";  // its name in a bundle's folder

struct Head {
  struct Layer {
    std::int64_t inputs = 0, outputs = 0;
    std::vector<float> weight{};  // [outputs, inputs]
    std::vector<float> bias{};    // [outputs]
    bool operator==(const Layer&) const = default;
  };
  std::string backbone{};             // backbone_digest() of the bundle it is from
  bool root = false;                  // takes the square root of the features first; of what is below 0 it is 0
  std::vector<Layer> layers{};        // one, or two with ReLU between them
  std::vector<std::string> labels{};  // in the order of the last layer's outputs
  double temperature = 1;
  bool operator==(const Head&) const = default;

  // In memory, all of it.
  std::size_t bytes() const;
};

// Names what makes features: a graph without its head, its weights and its preprocessing. It is the same whatever head
// comes with the backbone, and whatever type the same values are stored in.
std::string backbone_digest(const Graph& backbone, const Weights& weights, const Preprocess& preprocess);
std::string backbone_digest(const Bundle& bundle);

// Throws when the bundle has no head, or one of another form.
Head head_of(const Bundle& bundle);

// Throws naming the file and what is wrong in it. parse_head reads a file's bytes; `source` names them.
Head read_head(const std::filesystem::path& file);
Head parse_head(ByteView bytes, std::string_view source);
void write_head(const std::filesystem::path& file, const Head& head);

// features: [layers.front().inputs]; output: calibrated probabilities [labels]. Throws where they are not numbers.
void answer(const Head& head, std::span<const float> features, std::span<float> output);

}  // namespace graft
