// Cutting, joining and freezing graphs: what transfer learning does to a network. All are pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace graft {

// The part of `graph` that computes the output of `node`; nothing else is left. Throws Kind::not_found, naming near
// matches, when there is no such node.
Graph cut_at(const Graph& graph, std::string_view node);

// The graph without its head: its output is the features, [batch, features].
Graph backbone(const Graph& graph);

// The features' length. Throws when the graph's features are not [batch, length].
std::int64_t feature_length(const Graph& graph);

struct HeadSpec {
  int labels = 0;
  int hidden = 0;  // units of one hidden layer with ReLU; 0 is a linear head
  // Takes the square root of the features first: power normalisation (Perronnin et al., "Improving the Fisher kernel",
  // 2010), which evens out features that fire seldom and strongly. For features that are never negative.
  bool root = false;
  double dropout = 0;  // before the (last) linear layer
};

// The graph with its head, and its auxiliary head, replaced by a new one: "head.hidden" where there is one, and
// "head.output". Works on a backbone too.
Graph replace_head(const Graph& graph, const HeadSpec& spec);

// The head alone: from an Input of [batch, features, 1, 1] through Flatten to logits.
Graph head_only(const Graph& graph);

// The same graph with another nominal input size.
Graph with_input_size(Graph graph, int height, int width);

// The blocks in order, e.g. {"stem", "layer1", ..., "head"}.
std::vector<std::string> blocks(const Graph& graph);

// For each node, whether it is frozen when everything up to and including `last` (a block or a node) is. Empty `last`
// freezes nothing.
std::vector<bool> freeze_up_to(const Graph& graph, std::string_view last);

}  // namespace graft
