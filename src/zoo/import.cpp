#include "zoo/import.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <sstream>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "graph/surgery.h"
#include "zoo/architecture.h"
#include "zoo/checkpoint.h"

namespace graft {
namespace {

constexpr std::int64_t kMaxLabels = 1'000'000;

// A family by the weight that its networks begin with.
struct Family {
  const char* first_weight;
  const char* classifier;  // the module
  std::vector<std::string> architectures;
};

std::string numbered(const char* prefix, std::int64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < 3 ? 3 - digits.size() : 0, '0');
  return prefix + digits;
}

// Several widths round to the same channels; the published ones come first.
std::vector<std::string> mobilenets(const char* prefix) {
  std::vector<std::string> names;
  for (const int width : {100, 35, 50, 75, 130, 140}) names.push_back(numbered(prefix, width));
  for (int width = 10; width <= 300; ++width) names.push_back(numbered(prefix, width));
  return names;
}

std::vector<Family> families(const Checkpoint& checkpoint) {
  std::vector<std::string> resnets = {"resnet18", "resnet34", "resnet50"};
  const auto stem = checkpoint.weights.find("conv1.weight");
  if (stem != checkpoint.weights.end() && !stem->second.shape.empty()) {
    // resnet() rounds the channels of a width down; this is the least width that gives so many.
    const std::int64_t channels = std::clamp<std::int64_t>(stem->second.shape[0], 7, 512);
    resnets.push_back(numbered("resnet10_", (channels * 100 + 63) / 64));
  }
  const bool tensorflow = checkpoint.format == CheckpointFormat::keras;
  return {{"layer1.0.conv1.weight", "fc", resnets},
          {"features.0.0.weight", "classifier.1", mobilenets(tensorflow ? "tf_mobilenetv2_" : "mobilenetv2_")},
          {"Conv2d_1a_3x3.conv.weight", "fc", {"inception_v3"}}};
}

// The outputs of the linear layer `module`; nullopt when the weights have none of that name.
std::optional<int> outputs_of(const Weights& weights, const std::string& module) {
  const auto found = weights.find(module + ".weight");
  if (found == weights.end() || found->second.shape.size() != 2) return std::nullopt;
  const std::int64_t outputs = found->second.shape[0];
  if (outputs < 1 || outputs > kMaxLabels) return std::nullopt;
  return static_cast<int>(outputs);
}

// The architecture with the classifier that the weights bring: its own, one of graft's or Keras', or none.
Graph fitted_graph(const std::string& architecture, const std::string& classifier, const Checkpoint& checkpoint) {
  const Weights& weights = checkpoint.weights;
  const auto own = outputs_of(weights, classifier);
  Graph graph = build(architecture, own.value_or(1), checkpoint.input_size);
  if (graph.auxiliary_output && !weights.contains("AuxLogits.fc.weight")) {
    graph = cut_at(graph, graph.nodes[static_cast<std::size_t>(graph.output)].name);
  }
  if (own) return graph;
  const auto labels = outputs_of(weights, "head.output");
  if (!labels) return backbone(graph);
  return replace_head(graph, {.labels = *labels, .hidden = outputs_of(weights, "head.hidden").value_or(0)});
}

// The weights that the graph has no place for. A deeper network of the same family has all weights of a shallower one
// and more, so these decide between the two.
std::vector<std::string> left_over(const Graph& graph, const Weights& weights) {
  std::set<std::string> wanted;
  for (const WeightSpec& spec : weight_specs(graph)) wanted.insert(spec.name);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights) {
    if (!wanted.contains(name) && !name.ends_with(".num_batches_tracked")) names.push_back(name);
  }
  return names;
}

std::size_t misfits(const Graph& graph, const Weights& weights) {
  const auto specs = weight_specs(graph);
  const auto wrong = std::count_if(specs.begin(), specs.end(), [&](const WeightSpec& spec) {
    const auto found = weights.find(spec.name);
    return found == weights.end() || found->second.shape != spec.shape;
  });
  return static_cast<std::size_t>(wrong) + left_over(graph, weights).size();
}

// The architecture that the most weights fit; whether all do is the caller's to check.
Graph best_graph(const Family& family, const Checkpoint& checkpoint) {
  std::optional<Graph> best;
  std::size_t fewest = 0;
  for (const std::string& architecture : family.architectures) {
    Graph graph = fitted_graph(architecture, family.classifier, checkpoint);
    const std::size_t wrong = misfits(graph, checkpoint.weights);
    if (best && wrong >= fewest) continue;
    best = std::move(graph);
    fewest = wrong;
    if (wrong == 0) break;
  }
  return *std::move(best);
}

Graph find_graph(const Checkpoint& checkpoint, const std::string& source) {
  for (const Family& family : families(checkpoint)) {
    if (checkpoint.weights.contains(family.first_weight)) return best_graph(family, checkpoint);
  }
  std::vector<std::string> names;
  for (const auto& [name, tensor] : checkpoint.weights) {
    if (names.size() < 3) names.push_back(name);
  }
  fail(Kind::invalid, source, ": graft does not know the network of these weights (", join(names, ", "),
       ", ...); it imports ", join(architectures(), ", "));
}

Graph named_graph(const std::string& architecture, const Checkpoint& checkpoint) {
  const bool features = architecture.find("mobilenetv2") != std::string::npos;
  return fitted_graph(architecture, features ? "classifier.1" : "fc", checkpoint);
}

Weights fitting_weights(const Graph& graph, const Weights& weights, const std::string& source) {
  Weights selected = select_weights(graph, weights, source);
  const auto others = left_over(graph, weights);
  require(others.empty(), source, ": not the weights of ", graph.architecture, ", which has no ",
          others.empty() ? "" : others.front(), " (", others.size(), " weights are left over)");
  return selected;
}

// "0 Cat" is the label Cat of output 0, as Teachable Machine writes it.
std::string without_index(const std::string& line, std::size_t index) {
  const std::string prefix = std::to_string(index) + " ";
  return line.starts_with(prefix) ? line.substr(prefix.size()) : line;
}

std::vector<std::string> read_labels(const std::filesystem::path& path) {
  std::istringstream lines(read_text(path));
  std::vector<std::string> labels;
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (!line.empty()) labels.push_back(without_index(line, labels.size()));
  }
  return labels;
}

std::vector<std::string> labels_for(const Graph& graph, const std::filesystem::path& file) {
  if (graph.output == graph.features) return {};
  const auto outputs = static_cast<std::size_t>(infer_shapes(graph)[static_cast<std::size_t>(graph.output)].at(1));
  const auto path = file.parent_path() / "labels.txt";
  if (std::filesystem::exists(path)) {
    std::vector<std::string> labels = read_labels(path);
    require(labels.size() == outputs, path.string(), ": ", labels.size(), " labels for a model of ", outputs,
            "; correct the file or take it away");
    return labels;
  }
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < outputs; ++i) labels.push_back(std::to_string(i));
  return labels;
}

OrderedJson provenance_of(const std::filesystem::path& file, CheckpointFormat format) {
  return {{"program", text("graft ", GRAFT_VERSION)},
          {"imported",
           {{"file", file.filename().string()},
            {"format", name_of(format)},
            {"sha256", hex(sha256(MappedFile(file).bytes()))}}}};
}

}  // namespace

Bundle import_model(const std::filesystem::path& file, const ImportOptions& options) {
  const Checkpoint checkpoint = read_checkpoint(file);
  Bundle bundle;
  bundle.graph = options.architecture.empty() ? find_graph(checkpoint, file.string())
                                              : named_graph(options.architecture, checkpoint);
  bundle.weights = fitting_weights(bundle.graph, checkpoint.weights, file.string());
  bundle.labels = labels_for(bundle.graph, file);
  bundle.preprocess = published_preprocess(bundle.graph.architecture);
  const auto& input = std::get<Input>(bundle.graph.nodes[0].operation);
  bundle.preprocess.width = input.width;
  bundle.preprocess.height = input.height;
  bundle.provenance = provenance_of(file, checkpoint.format);
  return bundle;
}

}  // namespace graft
