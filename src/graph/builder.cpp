#include "graph/builder.h"

namespace graft {

GraphBuilder::GraphBuilder(std::string architecture, Input input) {
  graph_.architecture = std::move(architecture);
  graph_.nodes.push_back({"input", input, {}, ""});
}

NodeId GraphBuilder::add(std::string name, Operation operation, std::vector<NodeId> inputs) {
  graph_.nodes.push_back({std::move(name), std::move(operation), std::move(inputs), block_});
  return static_cast<NodeId>(graph_.nodes.size()) - 1;
}

NodeId GraphBuilder::features(const std::string& pool_name, NodeId x) {
  const NodeId pooled = add(pool_name, GlobalAveragePool{}, {x});
  graph_.features = add("flatten", Flatten{}, {pooled});
  return graph_.features;
}

Graph GraphBuilder::finish(NodeId output) {
  graph_.output = output;
  validate(graph_);
  return std::move(graph_);
}

Graph GraphBuilder::finish(NodeId output, NodeId auxiliary_output) {
  graph_.auxiliary_output = auxiliary_output;
  return finish(output);
}

}  // namespace graft
