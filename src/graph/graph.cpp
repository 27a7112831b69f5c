#include "graph/graph.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_set>

#include "base/error.h"

namespace graft {
namespace {

// A graph from outside may have at most this many nodes, and no attribute may be larger than kMaxExtent.
constexpr std::size_t kMaxNodes = 100'000;
constexpr int kMaxExtent = 1 << 20;

// In the order of the alternatives of Operation.
constexpr std::array<const char*, std::variant_size_v<Operation>> kNames = {
    "input",    "conv2d",       "batch_norm",          "activation", "add",    "concat",
    "max_pool", "average_pool", "global_average_pool", "flatten",    "linear", "dropout"};

struct InputCount {
  std::size_t least, most;
};

InputCount inputs_of(const Operation& operation) {
  if (std::holds_alternative<Input>(operation)) return {0, 0};
  if (std::holds_alternative<Add>(operation)) return {2, 2};
  if (std::holds_alternative<Concat>(operation)) return {1, kMaxNodes};
  return {1, 1};
}

bool within(int low, std::initializer_list<int> values) {
  return std::all_of(values.begin(), values.end(), [low](int value) { return low <= value && value <= kMaxExtent; });
}

bool in_range(const Pair& pair) {
  return within(1, {pair.height, pair.width});
}
bool in_range(const Padding& p) {
  return within(0, {p.top, p.bottom, p.left, p.right});
}

// Pooling windows that lie wholly in the padding would have nothing to pool.
bool pads_less_than(const Padding& p, const Pair& kernel) {
  return std::max(p.top, p.bottom) < kernel.height && std::max(p.left, p.right) < kernel.width;
}

// Whether each attribute is one that the operation can be computed with.
struct AttributesInRange {
  bool operator()(const Input& x) const { return within(1, {x.channels, x.height, x.width}); }
  bool operator()(const Conv2d& x) const {
    return within(1, {x.out_channels, x.groups}) && in_range(x.kernel) && in_range(x.stride) && in_range(x.dilation) &&
           in_range(x.padding) && x.out_channels % x.groups == 0;
  }
  bool operator()(const BatchNorm& x) const { return x.epsilon > 0 && x.momentum >= 0 && x.momentum <= 1; }
  bool operator()(const MaxPool& x) const { return pools(x.kernel, x.stride, x.padding); }
  bool operator()(const AveragePool& x) const { return pools(x.kernel, x.stride, x.padding); }
  bool operator()(const Linear& x) const { return within(1, {x.out_features}); }
  bool operator()(const Dropout& x) const { return x.probability >= 0 && x.probability < 1; }
  template <typename Other>
  bool operator()(const Other&) const {
    return true;
  }
  static bool pools(const Pair& kernel, const Pair& stride, const Padding& padding) {
    return in_range(kernel) && in_range(stride) && in_range(padding) && pads_less_than(padding, kernel);
  }
};

void validate_node(const Graph& graph, NodeId id) {
  const Node& node = graph.nodes[static_cast<std::size_t>(id)];
  const auto [least, most] = inputs_of(node.operation);
  const std::string operation = name_of(node.operation);
  require(!node.name.empty(), "node ", id, " (", operation, ") has no name");
  require(node.inputs.size() >= least && node.inputs.size() <= most, node.name, ": ", operation, " takes ", least,
          least == most ? "" : " or more", " inputs, not ", node.inputs.size());
  for (NodeId input : node.inputs) {
    require(0 <= input && input < id, node.name, ": input ", input, " is not an earlier node");
  }
  require(std::holds_alternative<Input>(node.operation) == (id == 0), node.name,
          ": a graph has one input, and it is its first node");
  require(std::visit(AttributesInRange{}, node.operation), node.name, ": an attribute of its ", operation,
          " is out of range");
}

}  // namespace

std::string name_of(const Operation& operation) {
  return kNames[operation.index()];
}

std::optional<NodeId> find_node(const Graph& graph, std::string_view name) {
  const auto found =
      std::find_if(graph.nodes.begin(), graph.nodes.end(), [name](const Node& node) { return node.name == name; });
  if (found == graph.nodes.end()) return std::nullopt;
  return static_cast<NodeId>(found - graph.nodes.begin());
}

void validate(const Graph& graph) {
  const auto size = static_cast<NodeId>(graph.nodes.size());
  require(!graph.nodes.empty() && graph.nodes.size() <= kMaxNodes, "a graph has 1 to ", kMaxNodes, " nodes, not ",
          graph.nodes.size());
  std::unordered_set<std::string_view> names;
  for (NodeId id = 0; id < size; ++id) {
    validate_node(graph, id);
    const std::string& name = graph.nodes[static_cast<std::size_t>(id)].name;
    require(names.insert(name).second, "two nodes have the name ", name);
  }
  require(0 <= graph.output && graph.output < size, "the graph's output is not one of its nodes");
  require(0 <= graph.features && graph.features <= graph.output,
          "the graph's features are not computed before its output");
  require(!graph.auxiliary_output || (0 <= *graph.auxiliary_output && *graph.auxiliary_output < size),
          "the graph's auxiliary output is not one of its nodes");
}

}  // namespace graft
