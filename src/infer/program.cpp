#include "infer/program.h"

#include <cmath>

#include "base/error.h"
#include "graph/surgery.h"
#include "infer/moments.h"

namespace graft {
namespace {

bool changes_nothing(const Node& node) {
  return std::holds_alternative<Dropout>(node.operation) || std::holds_alternative<Flatten>(node.operation) ||
         (std::holds_alternative<Concat>(node.operation) && node.inputs.size() == 1);
}

Size size_of_image(const Shape& shape) {
  return shape.size() == 4 ? Size{shape[1], shape[2], shape[3]} : Size{shape[1]};
}

std::vector<float> values(const Weights& weights, const std::string& name) {
  const auto found = weights.find(name);
  return found == weights.end() ? std::vector<float>() : to_floats(found->second);
}

// (x - mean) / sqrt(variance + epsilon) * weight + bias, as one factor and one summand.
void load_batch_norm(Layer& layer, double epsilon, const Weights& weights) {
  layer.weight = values(weights, layer.name + ".weight");
  layer.bias = values(weights, layer.name + ".bias");
  const std::vector<float> mean = values(weights, layer.name + ".running_mean");
  const std::vector<float> variance = values(weights, layer.name + ".running_var");
  for (std::size_t i = 0; i < layer.weight.size(); ++i) {
    const double factor = layer.weight[i] / std::sqrt(static_cast<double>(variance[i]) + epsilon);
    layer.bias[i] = static_cast<float>(layer.bias[i] - mean[i] * factor);
    layer.weight[i] = static_cast<float>(factor);
  }
}

void load_weights(Layer& layer, const Weights& weights) {
  if (const auto* norm = std::get_if<BatchNorm>(&layer.operation)) {
    load_batch_norm(layer, norm->epsilon, weights);
  } else if (std::holds_alternative<Conv2d>(layer.operation) || std::holds_alternative<Linear>(layer.operation)) {
    layer.weight = values(weights, layer.name + ".weight");
    layer.bias = values(weights, layer.name + ".bias");
    layer.bias.resize(static_cast<std::size_t>(layer.size.channels), 0);
  }
}

// Elementwise layers keep the shape of their input, which is that of an image even where the graph has flattened it.
Size size_of_output(const Layer& layer, const Program& program, const Shape& shape) {
  const bool elementwise =
      std::holds_alternative<Activation>(layer.operation) || std::holds_alternative<Add>(layer.operation);
  if (!elementwise) return size_of_image(shape);
  const Size size = program.layers[static_cast<std::size_t>(layer.inputs[0])].size;
  for (const LayerId input : layer.inputs) {
    if (program.layers[static_cast<std::size_t>(input)].size == size) continue;
    throw Error(Kind::invalid, kUnsupportedByPlan,
                layer.name + ": a plan cannot add what was flattened to what was not");
  }
  return size;
}

}  // namespace

Program lower(const Graph& graph, const Weights& weights) {
  require(graph.output >= 0, graph.architecture, ": the graph has no output");
  const Graph used = cut_at(graph, graph.nodes.at(static_cast<std::size_t>(graph.output)).name);
  check_weights(used, weights, graph.architecture);
  const std::vector<Shape> shapes = infer_shapes(used);
  Program program;
  std::vector<LayerId> layer_of;  // each node
  for (std::size_t i = 0; i < used.nodes.size(); ++i) {
    const Node& node = used.nodes[i];
    if (changes_nothing(node)) {
      layer_of.push_back(layer_of[static_cast<std::size_t>(node.inputs[0])]);
      continue;
    }
    Layer layer{.name = node.name, .operation = node.operation};
    for (const NodeId input : node.inputs) layer.inputs.push_back(layer_of[static_cast<std::size_t>(input)]);
    layer.size = size_of_output(layer, program, shapes[i]);
    load_weights(layer, weights);
    layer.expected = expected_output(layer, program, weights);
    layer_of.push_back(static_cast<LayerId>(program.layers.size()));
    program.layers.push_back(std::move(layer));
  }
  program.output = layer_of[static_cast<std::size_t>(used.output)];
  return program;
}

double multiply_adds(const Program& program, const Layer& layer) {
  if (layer.inputs.empty()) return 0;
  const Size& in = program.layers[static_cast<std::size_t>(layer.inputs[0])].size;
  if (std::holds_alternative<Linear>(layer.operation)) {
    return static_cast<double>(in.count()) * static_cast<double>(layer.size.channels);
  }
  const auto* convolution = std::get_if<Conv2d>(&layer.operation);
  if (!convolution) return 0;
  const double taps = static_cast<double>(convolution->kernel.height) * convolution->kernel.width;
  return static_cast<double>(layer.size.count()) * taps * static_cast<double>(in.channels) / convolution->groups;
}

std::vector<int> count_uses(const Program& program) {
  std::vector<int> uses(program.layers.size(), 0);
  uses[static_cast<std::size_t>(program.output)] = 1;
  for (const Layer& layer : program.layers) {
    for (const LayerId input : layer.inputs) ++uses[static_cast<std::size_t>(input)];
  }
  return uses;
}

}  // namespace graft
