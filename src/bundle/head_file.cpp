// Heads as safetensors files: one or two linear layers by the names of a bundle, the rest as metadata.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "bundle/head.h"
#include "graph/safetensors.h"

namespace graft {
namespace {

using Metadata = std::map<std::string, std::string>;

constexpr std::size_t kMostBytes = std::size_t{256} << 20;
constexpr std::uint64_t kMostHeaderBytes = std::uint64_t{4} << 20;
constexpr std::size_t kDigestLength = 64;
constexpr char kFormat[] = "1";
constexpr const char* kHidden = "head.hidden";
constexpr const char* kOutput = "head.output";

const std::string& entry(const Metadata& metadata, const char* name, std::string_view source) {
  const auto found = metadata.find(name);
  require(found != metadata.end(), source, ": not a head: its metadata has no ", name);
  return found->second;
}

std::vector<std::string> labels_from(const std::string& content, std::string_view source) {
  const Json json = parse_json(content, text(source, ": the labels"));
  require(json.is_array(), source, ": the labels are not a list");
  std::vector<std::string> labels;
  labels.reserve(json.size());
  for (const Json& label : json) {
    require(label.is_string(), source, ": a label is not text");
    labels.push_back(label.get<std::string>());
  }
  return labels;
}

double temperature_from(const std::string& content, std::string_view source) {
  const Json json = parse_json(content, text(source, ": the temperature"));
  require(json.is_number(), source, ": the temperature is not a number");
  return json.get<double>();
}

// Takes a tensor out of `weights`.
std::vector<float> take(Weights& weights, const std::string& name, Shape& shape, std::size_t rank,
                        std::string_view source) {
  const auto found = weights.find(name);
  require(found != weights.end(), source, ": the weight ", name, " is missing");
  shape = found->second.shape;
  require(shape.size() == rank && std::ranges::all_of(shape, [](std::int64_t size) { return size > 0; }), source, ": ",
          name, " has the shape [", join(shape, ", "), "], not ", rank, " sizes above 0");
  std::vector<float> values = to_floats(found->second);
  weights.erase(found);
  return values;
}

Head::Layer take_layer(Weights& weights, const std::string& name, std::string_view source) {
  Head::Layer layer;
  Shape shape, bias;
  layer.weight = take(weights, name + ".weight", shape, 2, source);
  layer.bias = take(weights, name + ".bias", bias, 1, source);
  layer.outputs = shape[0];
  layer.inputs = shape[1];
  require(bias[0] == layer.outputs, source, ": ", name, " has ", layer.outputs, " outputs and ", bias[0], " biases");
  return layer;
}

bool all_finite(const std::vector<float>& values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

// What holds for every head in a file.
void check(const Head& head, std::string_view source) {
  require(
      head.backbone.size() == kDigestLength && head.backbone.find_first_not_of("0123456789abcdef") == std::string::npos,
      source, ": its backbone is not named by a digest of ", kDigestLength, " hexadecimal digits");
  require(head.temperature > 0 && head.temperature < 1e6, source, ": the temperature ", head.temperature,
          " is not a positive number");
  require(head.layers.size() == 1 || head.layers.size() == 2, source, ": a head has one or two layers, not ",
          head.layers.size());
  const Head::Layer &first = head.layers.front(), &last = head.layers.back();
  require(&first == &last || first.outputs == last.inputs, source, ": its hidden layer has ", first.outputs,
          " units, and its last layer reads ", last.inputs);
  require(static_cast<std::size_t>(last.outputs) == head.labels.size(), source, ": ", head.labels.size(),
          " labels for ", last.outputs, " outputs");
  std::set<std::string_view> names;
  for (const std::string& label : head.labels) {
    require(names.insert(label).second, source, ": the label ", label, " comes twice");
  }
  for (const Head::Layer& layer : head.layers) {
    require(all_finite(layer.weight) && all_finite(layer.bias), source, ": a weight is not a number");
  }
}

}  // namespace

Head parse_head(ByteView bytes, std::string_view source) {
  require(bytes.size() <= kMostBytes, source, ": its ", bytes.size(), " bytes are more than the ", kMostBytes,
          " of a head");
  require(bytes.size() < sizeof(std::uint64_t) || load<std::uint64_t>(bytes, 0) <= kMostHeaderBytes, source,
          ": not a head: its header is longer than ", kMostHeaderBytes, " bytes");
  auto [weights, metadata] = parse_safetensors(bytes, nullptr, source);
  require(entry(metadata, "graft_head", source) == kFormat, source, ": a head of another format than ", kFormat);
  Head head{.backbone = entry(metadata, "backbone", source),
            .labels = labels_from(entry(metadata, "labels", source), source),
            .temperature = temperature_from(entry(metadata, "temperature", source), source)};
  const std::string& root = entry(metadata, "root", source);
  require(root == "true" || root == "false", source, ": root is ", root.substr(0, 20), ", not true or false");
  head.root = root == "true";
  if (weights.contains(std::string(kHidden) + ".weight")) head.layers.push_back(take_layer(weights, kHidden, source));
  head.layers.push_back(take_layer(weights, kOutput, source));
  require(weights.empty(), source, ": not a head: it also has ", weights.empty() ? "" : weights.begin()->first);
  check(head, source);
  return head;
}

Head read_head(const std::filesystem::path& file) {
  // Not kept mapped: a file that is cut later would end the process.
  return parse_head(MappedFile(file).bytes(), file.string());
}

void write_head(const std::filesystem::path& file, const Head& head) {
  const std::string source = file.string();
  check(head, source);
  Weights weights;
  for (const Head::Layer& layer : head.layers) {
    const std::string name = &layer == &head.layers.back() ? kOutput : kHidden;
    weights[name + ".weight"] = make_tensor({layer.outputs, layer.inputs}, layer.weight);
    weights[name + ".bias"] = make_tensor({layer.outputs}, layer.bias);
  }
  std::string labels;
  try {
    labels = Json(head.labels).dump();
  } catch (const Json::exception&) {
    fail(Kind::invalid, source, ": a label is not UTF-8 text");
  }
  write_safetensors(file, weights,
                    {{"graft_head", kFormat},
                     {"backbone", head.backbone},
                     {"labels", labels},
                     {"root", head.root ? "true" : "false"},
                     {"temperature", Json(head.temperature).dump()}});
}

}  // namespace graft
