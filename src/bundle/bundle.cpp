// Three files; docs/bundle_format.md describes each field.
#include "bundle/bundle.h"

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "graph/safetensors.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;
constexpr char kGraphFile[] = "graph.json";
constexpr char kWeightsFile[] = "model.safetensors";
constexpr char kDescriptionFile[] = "graft.json";

// How many labels the graph answers; nullopt for a backbone, whose output is features.
std::size_t label_count(const Graph& graph) {
  if (graph.output == graph.features) return 0;
  const Shape shape = infer_shapes(graph)[static_cast<std::size_t>(graph.output)];
  require(shape.size() == 2, graph.architecture, ": its output is not [batch, labels]");
  return static_cast<std::size_t>(shape[1]);
}

void check(const Bundle& bundle, const std::string& source) {
  const std::size_t expected = label_count(bundle.graph);
  require(bundle.labels.size() == expected, source, ": ", bundle.labels.size(), " labels for a graph of ", expected,
          " outputs");
  std::set<std::string> names;
  for (const std::string& label : bundle.labels) {
    require(names.insert(label).second, source, ": the label ", label, " comes twice");
  }
  require(bundle.temperature > 0 && bundle.temperature < 1e6, source, ": the temperature ", bundle.temperature,
          " is not a positive number");
  const auto& input = std::get<Input>(bundle.graph.nodes.at(0).operation);
  require(input.width == bundle.preprocess.width && input.height == bundle.preprocess.height, source,
          ": the preprocessing makes pictures of ", bundle.preprocess.width, " x ", bundle.preprocess.height,
          ", the graph takes ", input.width, " x ", input.height);
}

// A precision other than fp32 is one that was checked, and int8 one that was calibrated, for this graph.
void check_precision(const Bundle& bundle, const std::string& source) {
  for (const auto& [name, range] : bundle.activation_ranges) {
    require(find_node(bundle.graph, name).has_value(), source, ": there is an activation range of ", name.substr(0, 80),
            ", and no such node in the graph");
  }
  if (bundle.precision == Precision::fp32) return;
  const std::string name = name_of(bundle.precision);
  const PrecisionCheck* found = find_check(bundle.precision_checks, bundle.precision);
  require(found != nullptr, source, ": its precision is ", name, ", which was never checked against fp32");
  require(passes(*found), source, ": its precision is ", name, ", which its check does not allow: ", describe(*found));
  require(bundle.precision != Precision::int8 || !bundle.activation_ranges.empty(), source,
          ": its precision is int8, and it has no activation ranges");
}

OrderedJson describe(const Bundle& bundle) {
  OrderedJson json;
  json["format"] = kFormat;
  json["labels"] = bundle.labels;
  json["preprocess"] = to_json(bundle.preprocess);
  json["temperature"] = bundle.temperature;
  json["precision"] = name_of(bundle.precision);
  if (!bundle.precision_checks.empty()) json["precision_checks"] = to_json(bundle.precision_checks);
  if (!bundle.activation_ranges.empty()) json["activation_ranges"] = to_json(bundle.activation_ranges);
  json["metrics"] = bundle.metrics.is_null() ? OrderedJson::object() : bundle.metrics;
  json["provenance"] = bundle.provenance.is_null() ? OrderedJson::object() : bundle.provenance;
  return json;
}

// Free form, in the order it was written in; parse_json has checked that it parses.
OrderedJson free_form(const OrderedJson& json, const char* name, const std::string& source) {
  const auto found = json.find(name);
  if (found == json.end()) return OrderedJson::object();
  require(found->is_object(), source, ": the field \"", name, "\" is not an object");
  return *found;
}

std::string printed(const OrderedJson& json, const fs::path& path) {
  try {
    return json.dump(2) + "\n";
  } catch (const Json::exception&) {
    fail(Kind::invalid, path.string(), ": a label or a note in it is not UTF-8 text");
  }
}

void read_description(const fs::path& path, Bundle& bundle) {
  const std::string source = path.string();
  const std::string content = read_text(path);
  const Json json = parse_json(content, source);
  const int format = field<int>(json, "format", source);
  require(format == kFormat, source, ": the bundle has the format ", format, "; this graft reads ", kFormat);
  bundle.labels = field<std::vector<std::string>>(json, "labels", source);
  bundle.preprocess = preprocess_from_json(field<Json>(json, "preprocess", source), source);
  bundle.temperature = field_or<double>(json, "temperature", 1, source);
  bundle.precision = precision_from_name(field_or<std::string>(json, "precision", "fp32", source));
  bundle.precision_checks =
      precision_checks_from_json(field_or(json, "precision_checks", Json::array(), source), source);
  bundle.activation_ranges =
      activation_ranges_from_json(field_or(json, "activation_ranges", Json::object(), source), source);
  const OrderedJson ordered = OrderedJson::parse(content);
  bundle.metrics = free_form(ordered, "metrics", source);
  bundle.provenance = free_form(ordered, "provenance", source);
}

}  // namespace

Bundle read_bundle(const fs::path& folder) {
  if (!is_bundle(folder)) {
    fail(Kind::not_found, folder.string(), ": not a bundle: it has no ", kDescriptionFile);
  }
  Bundle bundle;
  read_description(folder / kDescriptionFile, bundle);
  const fs::path graph = folder / kGraphFile, weights = folder / kWeightsFile;
  bundle.graph = graph_from_json(parse_json(read_text(graph), graph.string()), graph.string());
  bundle.weights = read_safetensors(weights).weights;
  check(bundle, folder.string());
  check_precision(bundle, folder.string());
  check_weights(bundle.graph, bundle.weights, weights.string());
  return bundle;
}

void write_bundle(const fs::path& folder, const Bundle& bundle) {
  check(bundle, folder.string());
  check_precision(bundle, folder.string());
  check_weights(bundle.graph, bundle.weights, folder.string());
  const std::string description = printed(describe(bundle), folder / kDescriptionFile);
  make_folder(folder);
  // Until the new description is there, the folder is no bundle rather than a mixture of two.
  std::error_code error;
  fs::remove(folder / kDescriptionFile, error);
  require(!error, (folder / kDescriptionFile).string(), ": cannot be replaced: ", error.message());
  write_file(folder / kGraphFile, printed(to_json(bundle.graph), folder / kGraphFile));
  write_safetensors(folder / kWeightsFile, bundle.weights, {{"format", "pt"}});
  write_file(folder / kDescriptionFile, description);
}

bool is_bundle(const fs::path& folder) {
  return fs::is_regular_file(folder / kDescriptionFile);
}

}  // namespace graft
