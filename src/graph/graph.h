// A network as data: nodes with operations, attributes and names of weights.
//
// A network is described once, as a Graph; training, compiled inference, import and export all read that one
// description. A graph is a value: copy it, compare it, cut it. Nodes are in topological order by construction: a
// node's inputs have smaller indices. Tensors are [batch, channels, height, width]; after Flatten, [batch, features].
//
// A node's name is its module path in torchvision ("layer1.0.conv1"), and the names of its weights follow from it
// ("layer1.0.conv1.weight"): names in code are names in checkpoints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json_forward.h"

namespace graft {

// ---- Operations. Each is a plain struct of attributes; what it computes is said where it needs saying. ----

struct Pair {
  int height = 1;
  int width = 1;
  bool operator==(const Pair&) const = default;
};

// Zeros (for pooling: nothing) around an image. Unequal sides are what TensorFlow's "same" padding needs.
struct Padding {
  int top = 0, bottom = 0, left = 0, right = 0;
  bool operator==(const Padding&) const = default;
};

// The picture: [batch, channels, height, width]. height and width are the nominal size; a graph runs at others too.
struct Input {
  int channels = 3, height = 224, width = 224;
  bool operator==(const Input&) const = default;
};
// Weights: weight [out_channels, in_channels / groups, kernel.height, kernel.width], and bias [out_channels].
struct Conv2d {
  int out_channels = 0;
  Pair kernel{}, stride{};
  Padding padding{};
  Pair dilation{};
  int groups = 1;
  bool bias = false;
  bool operator==(const Conv2d&) const = default;
};
// Weights: weight, bias, running_mean, running_var, each [channels]. `momentum` is PyTorch's: the share of the new
// batch.
struct BatchNorm {
  double epsilon = 1e-5;
  double momentum = 0.1;
  bool operator==(const BatchNorm&) const = default;
};
struct Activation {
  enum class Function { relu, relu6, sqrt };  // sqrt of what is below 0 is 0
  Function function = Function::relu;
  bool operator==(const Activation&) const = default;
};
struct Add {
  bool operator==(const Add&) const = default;
};
// Along channels.
struct Concat {
  bool operator==(const Concat&) const = default;
};
struct MaxPool {
  Pair kernel{}, stride{};
  Padding padding{};
  bool ceil_mode = false;
  bool operator==(const MaxPool&) const = default;
};
struct AveragePool {
  Pair kernel{}, stride{};
  Padding padding{};
  bool count_padding = true;  // whether padded zeros count in the divisor
  bool operator==(const AveragePool&) const = default;
};
// [batch, channels, height, width] to [batch, channels, 1, 1].
struct GlobalAveragePool {
  bool operator==(const GlobalAveragePool&) const = default;
};
struct Flatten {
  bool operator==(const Flatten&) const = default;
};
// Weights: weight [out_features, in_features], and bias [out_features].
struct Linear {
  int out_features = 0;
  bool bias = true;
  bool operator==(const Linear&) const = default;
};
// The identity but in training.
struct Dropout {
  double probability = 0.5;
  bool operator==(const Dropout&) const = default;
};

using Operation = std::variant<Input, Conv2d, BatchNorm, Activation, Add, Concat, MaxPool, AveragePool,
                               GlobalAveragePool, Flatten, Linear, Dropout>;

// "conv2d", "batch_norm", ...: the operation's name in graph.json and in messages.
std::string name_of(const Operation& operation);

// ---- The graph ----

using NodeId = int;  // an index into Graph::nodes

struct Node {
  std::string name;  // unique in the graph
  Operation operation;
  std::vector<NodeId> inputs;
  std::string block;  // the stage it belongs to ("stem", "layer1", ..., "head"): what freezing by block counts
  bool operator==(const Node&) const = default;
};

struct Graph {
  std::string architecture;  // a name of the zoo, e.g. "resnet18", or what the importer called it
  std::vector<Node> nodes;   // nodes[0] is the Input
  NodeId features = -1;      // its output [batch, features] is the backbone's; everything after it is the head
  NodeId output = -1;        // logits [batch, labels]; of a backbone: features
  std::optional<NodeId> auxiliary_output;  // a second classifier that only training uses (Inception v3)
  bool operator==(const Graph&) const = default;
};

// The node of that name, if there is one.
std::optional<NodeId> find_node(const Graph& graph, std::string_view name);

// Throws unless every promise above holds: the order, the number of inputs of each operation, unique names, valid ids,
// attributes in range. Whatever reads a graph from outside calls it.
void validate(const Graph& graph);

// graph.json. to_json(from_json(x)) == x. from_json validates; `source` names the file in errors.
OrderedJson to_json(const Graph& graph);
Graph graph_from_json(const Json& json, std::string_view source);

// ---- Shapes ----

using Shape = std::vector<std::int64_t>;

// The output shape of every node for this input shape [batch, channels, height, width], in the order of the nodes.
// Throws with the node's name and both shapes where two do not fit.
std::vector<Shape> infer_shapes(const Graph& graph, const Shape& input);
// At the graph's nominal size, with this batch.
std::vector<Shape> infer_shapes(const Graph& graph, std::int64_t batch = 1);

// ---- Weights, as the graph wants them ----

enum class Role { parameter, running_statistic };  // learned by gradient; gathered by batch norm

struct WeightSpec {
  std::string name;  // "layer1.0.conv1.weight"
  Shape shape;
  Role role;
  NodeId node;
};

// Every weight of the graph, in the order of the nodes.
std::vector<WeightSpec> weight_specs(const Graph& graph);

// Of one image at the nominal size.
struct Cost {
  std::int64_t parameters = 0;     // learned ones; running statistics do not count
  std::int64_t multiply_adds = 0;  // of convolutions and linear layers; FLOPs are twice this
};
Cost cost(const Graph& graph);

}  // namespace graft
