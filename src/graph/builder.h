// Writes a graph down, node by node: what the files of zoo/ are written with.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace graft {

class GraphBuilder {
 public:
  GraphBuilder(std::string architecture, Input input);

  // The nodes added from here on belong to this block.
  void begin_block(std::string name) { block_ = std::move(name); }

  NodeId input() const { return 0; }
  NodeId add(std::string name, Operation operation, std::vector<NodeId> inputs);
  NodeId relu(std::string name, NodeId x) { return add(std::move(name), Activation{}, {x}); }

  // Global average pool and flatten: the features. What is added later is the head.
  NodeId features(const std::string& pool_name, NodeId x);

  // The graph, validated. The builder is spent.
  Graph finish(NodeId output);
  Graph finish(NodeId output, NodeId auxiliary_output);

 private:
  Graph graph_;
  std::string block_;
};

// The same padding on all sides.
constexpr Padding pad(int size) {
  return {size, size, size, size};
}
constexpr Pair square(int size) {
  return {size, size};
}

}  // namespace graft
