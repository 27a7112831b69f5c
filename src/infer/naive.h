// What a graph computes, by straight loops in double: the oracle of this folder's tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "graph/weights.h"
#include "infer/program.h"

namespace graft {

// A graph of any shape, written node by node: unlike GraphBuilder's it needs no features.
class TinyGraph {
 public:
  explicit TinyGraph(Input input) : graph_{"tiny", {{"input", input, {}, ""}}, -1, -1, {}} {}
  NodeId add(std::string name, Operation operation, std::vector<NodeId> inputs) {
    graph_.nodes.push_back({std::move(name), std::move(operation), std::move(inputs), ""});
    return static_cast<NodeId>(graph_.nodes.size()) - 1;
  }
  NodeId relu(std::string name, NodeId x) { return add(std::move(name), Activation{}, {x}); }
  Graph finish(NodeId output) {
    graph_.features = 0;
    graph_.output = output;
    validate(graph_);
    return graph_;
  }

 private:
  Graph graph_;
};

// Weights whose outputs stay near 1 in size, however deep the graph. A function of the seed.
Weights random_weights(const Graph& graph, std::uint64_t seed);

// A batch of random pictures for the graph's nominal size.
std::vector<float> random_input(const Graph& graph, std::int64_t batch, std::uint64_t seed);

// The graph's output for [batch, channels, height, width], one operation after the other, as written.
std::vector<float> run_naive(const Graph& graph, const Weights& weights, const std::vector<float>& input,
                             std::int64_t batch);

// The same of a program, with what is fused behind its layers. Layers keep their 4-D shapes.
std::vector<float> run_naive(const Program& program, const std::vector<float>& input, std::int64_t batch);

// The largest difference, as a share of the largest expected value.
double largest_error(const std::vector<float>& actual, const std::vector<float>& expected);

}  // namespace graft
