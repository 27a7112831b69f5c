#include "bundle/head.h"

#include <algorithm>
#include <cmath>

#include "base/digest.h"
#include "base/error.h"
#include "bundle/probabilities.h"
#include "graph/surgery.h"

namespace graft {
namespace {

// As many sums at a time as hide how long an addition takes; the compiler splits them into registers.
constexpr std::int64_t kLanes = 16;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

float dot(const float* a, const float* b, std::int64_t count) {
  Lanes lanes = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    lanes += *reinterpret_cast<const Lanes*>(a + i) * *reinterpret_cast<const Lanes*>(b + i);
  }
  float sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += lanes[lane];
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

void apply(const Head::Layer& layer, std::span<const float> input, std::span<float> output) {
  for (std::size_t i = 0; i < output.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i) * layer.inputs;
    output[i] = layer.bias[i] + dot(layer.weight.data() + row, input.data(), layer.inputs);
  }
}

Head::Layer layer_of(const Node& node, const Linear& linear, const Weights& weights) {
  const Tensor& weight = weights.at(node.name + ".weight");
  Head::Layer layer{.inputs = weight.shape[1], .outputs = weight.shape[0], .weight = to_floats(weight)};
  layer.bias = linear.bias ? to_floats(weights.at(node.name + ".bias"))
                           : std::vector<float>(static_cast<std::size_t>(layer.outputs));
  return layer;
}

// Takes the nodes behind the features one by one, in the order of the graph.
class HeadReader {
 public:
  HeadReader(const std::string& name, const Weights& weights, Head& head)
      : name_(name), weights_(weights), head_(head) {}

  void take(const Node& node) {
    const auto* activation = std::get_if<Activation>(&node.operation);
    const auto is = [&](Activation::Function function) { return activation && activation->function == function; };
    const std::size_t layers = head_.layers.size();
    if (const auto* linear = std::get_if<Linear>(&node.operation)) {
      expect(layers == 0 || (layers == 1 && rectified_), node);
      head_.layers.push_back(layer_of(node, *linear, weights_));
    } else if (is(Activation::Function::sqrt)) {
      expect(layers == 0 && !head_.root, node);
      head_.root = true;
    } else if (is(Activation::Function::relu)) {
      expect(layers == 1 && !rectified_, node);
      rectified_ = true;
    } else {
      expect(std::holds_alternative<Dropout>(node.operation), node);
    }
  }

  void finish(const Node& last) const { expect(head_.layers.size() == (rectified_ ? 2 : 1), last); }

 private:
  void expect(bool fits, const Node& node) const {
    require(fits, name_, ": its head cannot stand alone because of ", node.name, " (", name_of(node.operation), ")",
            ": a head is one linear layer, or two with ReLU between them, behind the features or their square root");
  }

  const std::string& name_;
  const Weights& weights_;
  Head& head_;
  bool rectified_ = false;
};

}  // namespace

std::size_t Head::bytes() const {
  std::size_t total = sizeof(Head) + backbone.capacity() + layers.capacity() * sizeof(Layer);
  for (const Layer& layer : layers) total += (layer.weight.capacity() + layer.bias.capacity()) * sizeof(float);
  for (const std::string& label : labels) total += sizeof(std::string) + label.capacity();
  return total;
}

std::string backbone_digest(const Graph& backbone, const Weights& weights, const Preprocess& preprocess) {
  const Weights values = select_weights(backbone, weights, backbone.architecture);
  return hex(sha256(as_bytes(fingerprint(backbone, values) + to_json(preprocess).dump())));
}

std::string backbone_digest(const Bundle& bundle) {
  return backbone_digest(backbone(bundle.graph), bundle.weights, bundle.preprocess);
}

Head head_of(const Bundle& bundle) {
  const Graph graph = head_only(bundle.graph);
  const Weights weights = select_weights(graph, bundle.weights, graph.architecture);
  Head head{.backbone = backbone_digest(bundle), .labels = bundle.labels, .temperature = bundle.temperature};
  HeadReader reader(graph.architecture, weights, head);
  for (std::size_t i = static_cast<std::size_t>(graph.features) + 1; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    require(node.inputs == std::vector<NodeId>{static_cast<NodeId>(i) - 1}, graph.architecture,
            ": its head cannot stand alone because of ", node.name, ", which is not the next in one line of layers");
    reader.take(node);
  }
  reader.finish(graph.nodes.back());
  return head;
}

void answer(const Head& head, std::span<const float> features, std::span<float> output) {
  const Head::Layer &first = head.layers.front(), &last = head.layers.back();
  require(features.size() == static_cast<std::size_t>(first.inputs), "a head for ", first.inputs,
          " features cannot read ", features.size());
  require(output.size() == head.labels.size(), "a head of ", head.labels.size(), " labels does not give ",
          output.size(), " probabilities");
  std::vector<float> rooted, hidden;
  if (head.root) {
    rooted.resize(features.size());
    std::ranges::transform(features, rooted.begin(), [](float value) { return std::sqrt(std::max(value, 0.0F)); });
    features = rooted;
  }
  if (&first != &last) {
    hidden.resize(static_cast<std::size_t>(first.outputs));
    apply(first, features, hidden);
    for (float& value : hidden) value = std::max(value, 0.0F);
    features = hidden;
  }
  apply(last, features, output);
  std::ranges::copy(probabilities(output, head.temperature), output.begin());
  require(std::isfinite(output[0]), "a head's output is not a number: its weights or the features it was given are",
          " damaged");
}

}  // namespace graft
