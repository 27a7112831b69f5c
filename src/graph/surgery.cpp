#include "graph/surgery.h"

#include <algorithm>

#include "base/error.h"

namespace graft {
namespace {

Node& at(Graph& graph, NodeId id) {
  return graph.nodes[static_cast<std::size_t>(id)];
}
const Node& at(const Graph& graph, NodeId id) {
  return graph.nodes[static_cast<std::size_t>(id)];
}

NodeId append(Graph& graph, Node node) {
  graph.nodes.push_back(std::move(node));
  return static_cast<NodeId>(graph.nodes.size()) - 1;
}

// The nodes that `output` needs, renumbered. Features that are not among them become the output.
Graph keep_only(const Graph& graph, NodeId output) {
  std::vector<bool> needed(graph.nodes.size(), false);
  needed[0] = true;
  needed[static_cast<std::size_t>(output)] = true;
  for (NodeId id = output; id > 0; --id) {
    if (!needed[static_cast<std::size_t>(id)]) continue;
    for (NodeId input : at(graph, id).inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  Graph kept;
  kept.architecture = graph.architecture;
  std::vector<NodeId> renumbered(graph.nodes.size(), -1);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!needed[i]) continue;
    Node node = graph.nodes[i];
    for (NodeId& input : node.inputs) input = renumbered[static_cast<std::size_t>(input)];
    renumbered[i] = append(kept, std::move(node));
  }
  kept.output = renumbered[static_cast<std::size_t>(output)];
  const NodeId features = graph.features >= 0 ? renumbered[static_cast<std::size_t>(graph.features)] : -1;
  kept.features = features >= 0 ? features : kept.output;
  return kept;
}

// Up to five node names that hold or share a part with `name`, for an error message.
std::string near_matches(const Graph& graph, std::string_view name) {
  const std::string_view first_part = name.substr(0, name.find('.'));
  std::vector<std::string> near;
  for (const Node& node : graph.nodes) {
    if (near.size() < 5 && node.name.find(first_part) != std::string::npos) near.push_back(node.name);
  }
  for (const std::string& block : blocks(graph)) {
    if (near.size() < 5) near.push_back(block);
  }
  return join(near, ", ");
}

}  // namespace

Graph cut_at(const Graph& graph, std::string_view name) {
  const auto node = find_node(graph, name);
  if (!node)
    fail(Kind::not_found, graph.architecture, " has no node ", name, "; there are ", near_matches(graph, name),
         ", ...");
  return keep_only(graph, *node);
}

Graph backbone(const Graph& graph) {
  return keep_only(graph, graph.features);
}

std::int64_t feature_length(const Graph& graph) {
  const Shape shape = infer_shapes(graph)[static_cast<std::size_t>(graph.features)];
  require(shape.size() == 2, graph.architecture, ": its features are not [batch, length] but have ", shape.size(),
          " dimensions");
  return shape[1];
}

Graph replace_head(const Graph& graph, const HeadSpec& spec) {
  require(spec.labels > 0, "a head has at least one label, not ", spec.labels);
  Graph out = backbone(graph);
  NodeId last = out.features;
  if (spec.root) last = append(out, {"head.root", Activation{Activation::Function::sqrt}, {last}, "head"});
  if (spec.hidden > 0) {
    last = append(out, {"head.hidden", Linear{.out_features = spec.hidden}, {last}, "head"});
    last = append(out, {"head.relu", Activation{}, {last}, "head"});
  }
  if (spec.dropout > 0) last = append(out, {"head.dropout", Dropout{spec.dropout}, {last}, "head"});
  out.output = append(out, {"head.output", Linear{.out_features = spec.labels}, {last}, "head"});
  return out;
}

Graph head_only(const Graph& graph) {
  require(graph.output != graph.features, graph.architecture, ": a backbone has no head");
  Graph head;
  head.architecture = graph.architecture;
  append(head, {"input", Input{static_cast<int>(feature_length(graph)), 1, 1}, {}, ""});
  head.features = append(head, {"features", Flatten{}, {0}, ""});
  const Graph main_path = keep_only(graph, graph.output);
  for (NodeId id = main_path.features + 1; id <= main_path.output; ++id) {
    Node node = at(main_path, id);
    for (NodeId& input : node.inputs) {
      if (input == main_path.features) {
        input = head.features;
        continue;
      }
      const auto found = find_node(head, at(main_path, input).name);
      require(found.has_value(), node.name, ": the head uses more of the backbone than its features");
      input = *found;
    }
    append(head, std::move(node));
  }
  head.output = static_cast<NodeId>(head.nodes.size()) - 1;
  return head;
}

Graph with_input_size(Graph graph, int height, int width) {
  Input& input = std::get<Input>(at(graph, 0).operation);
  input.height = height;
  input.width = width;
  return graph;
}

std::vector<std::string> blocks(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) {
    if (!node.block.empty() && std::find(names.begin(), names.end(), node.block) == names.end())
      names.push_back(node.block);
  }
  return names;
}

std::vector<bool> freeze_up_to(const Graph& graph, std::string_view last) {
  std::vector<bool> frozen(graph.nodes.size(), false);
  if (last.empty()) return frozen;
  NodeId end = -1;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].block == last) end = static_cast<NodeId>(i);
  }
  if (end < 0) {
    const auto node = find_node(graph, last);
    if (!node)
      fail(Kind::not_found, graph.architecture, " has no block or node ", last, "; there are ",
           near_matches(graph, last), ", ...");
    end = *node;
  }
  std::fill(frozen.begin(), frozen.begin() + end + 1, true);
  return frozen;
}

}  // namespace graft
