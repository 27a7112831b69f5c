// A graph on its way to a plan: the layers that inference computes, with what is fused behind each of them.
//
// lower() writes a graph down as layers; passes.h makes them fewer; a back end runs what is left. Like a graph's nodes,
// layers are in topological order. Tensors stay [batch, channels, height, width] throughout: Flatten is no layer, and a
// Linear's output is [batch, features, 1, 1], which is the same bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle/precision.h"
#include "graph/graph.h"
#include "graph/weights.h"

namespace graft {

// The code() of an error about a graph that is valid, but has what a plan cannot compute. libtorch can.
inline constexpr const char* kUnsupportedByPlan = "UnsupportedByPlan";

using LayerId = int;  // an index into Program::layers

// Of one image.
struct Size {
  std::int64_t channels = 0, height = 1, width = 1;
  std::int64_t count() const { return channels * height * width; }
  bool operator==(const Size&) const = default;
};

// How int8 layers read a layer's output: value = stored * scale, stored as s8 where values can be negative, else as u8.
struct Quantisation {
  float scale = 0;  // 0: no int8 layer reads it
  bool is_signed = false;
  bool operator==(const Quantisation&) const = default;
};

// What a layer's output is expected to be on pictures like those the network was trained on, per channel. Empty where
// nothing is known.
struct Moments {
  std::vector<float> mean{}, variance{};
};

struct Layer {
  std::string name;  // of the graph's node
  Operation operation;
  std::vector<LayerId> inputs{};
  Size size{};                  // of its output
  std::vector<float> weight{};  // as the operation wants it; of a BatchNorm: a factor for each channel
  std::vector<float> bias{};    // one per channel; zeros where the operation has none
  bool residual = false;        // inputs.back() is added to what the operation computes ...
  std::optional<Activation::Function> activation{};  // ... and then this is applied
  Precision precision = Precision::fp32;             // of its arithmetic
  Precision output = Precision::fp32;                // of the numbers that it writes
  Quantisation quantisation{};
  Moments expected{};
  std::vector<float> weight_scales{};  // of int8 weights: value = stored * scale, per output channel
};

struct Program {
  std::vector<Layer> layers;  // layers[0] is the Input
  LayerId output = 0;
};

// The layers that compute graph.output. What changes nothing at inference (Dropout, Flatten, a Concat of one) is left
// out, and batch norm is one factor and one summand per channel. Throws when weights are missing and, with the code
// kUnsupportedByPlan, when the graph adds what was flattened to what was not.
Program lower(const Graph& graph, const Weights& weights);

// Of one image: convolutions and linear layers multiply.
double multiply_adds(const Program& program, const Layer& layer);

// How many layers read each layer; being the program's output counts as one.
std::vector<int> count_uses(const Program& program);

}  // namespace graft
