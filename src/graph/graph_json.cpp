// graph.json: {"architecture", "nodes": [{"name", "op", "inputs": [names], "block", attributes ...}], "features",
// "output", "auxiliary_output"}. Nodes are named, not numbered, so that a person can read and compare the file.
#include <map>

#include "base/json.h"
#include "graph/graph.h"
#include "graph/operation_fields.h"

namespace graft {

NLOHMANN_JSON_SERIALIZE_ENUM(Activation::Function, {{Activation::Function::relu, "relu"},
                                                    {Activation::Function::relu6, "relu6"},
                                                    {Activation::Function::sqrt, "sqrt"}})

static void to_json(OrderedJson& json, const Pair& pair) {
  json = {pair.height, pair.width};
}
static void to_json(OrderedJson& json, const Padding& p) {
  json = {p.top, p.bottom, p.left, p.right};
}
static void from_json(const Json& json, Pair& pair) {
  const auto values = json.get<std::array<int, 2>>();
  pair = {values[0], values[1]};
}
static void from_json(const Json& json, Padding& padding) {
  const auto values = json.get<std::array<int, 4>>();
  padding = {values[0], values[1], values[2], values[3]};
}

namespace {

template <typename Attribute>
void read_attribute(const Json& json, const char* name, const std::string& source, Attribute& attribute) {
  attribute = field<Attribute>(json, name, source);
  if constexpr (std::is_same_v<Attribute, Activation::Function>) {
    // The enum reader takes an unknown word for the first of its list.
    require(Json(attribute) == json.at(name), source, ": unknown activation ", json.at(name).dump());
  }
}

// The operation called `op`, with its attributes from `json`.
template <std::size_t kIndex = 0>
Operation read_operation(const std::string& op, const Json& json, const std::string& source) {
  if constexpr (kIndex < std::variant_size_v<Operation>) {
    std::variant_alternative_t<kIndex, Operation> operation;
    if (name_of(operation) != op) return read_operation<kIndex + 1>(op, json, source);
    fields(operation, [&](const char* name, auto& attribute) { read_attribute(json, name, source, attribute); });
    return operation;
  } else {
    fail(Kind::invalid, source, ": unknown operation \"", op, "\"");
  }
}

NodeId named_node(const std::map<std::string, NodeId>& ids, const std::string& name, std::string_view source) {
  const auto found = ids.find(name);
  require(found != ids.end(), source, ": no earlier node has the name \"", name, "\"");
  return found->second;
}

}  // namespace

OrderedJson to_json(const Graph& graph) {
  const auto name = [&](NodeId id) { return graph.nodes.at(static_cast<std::size_t>(id)).name; };
  OrderedJson nodes = OrderedJson::array();
  for (const Node& node : graph.nodes) {
    OrderedJson out = {{"name", node.name}, {"op", name_of(node.operation)}, {"inputs", OrderedJson::array()}};
    for (NodeId input : node.inputs) out["inputs"].push_back(name(input));
    out["block"] = node.block;
    Operation operation = node.operation;
    std::visit([&](auto& x) { fields(x, [&](const char* field_name, auto& value) { out[field_name] = value; }); },
               operation);
    nodes.push_back(std::move(out));
  }
  OrderedJson out = {
      {"architecture", graph.architecture}, {"features", name(graph.features)}, {"output", name(graph.output)}};
  if (graph.auxiliary_output) out["auxiliary_output"] = name(*graph.auxiliary_output);
  out["nodes"] = std::move(nodes);
  return out;
}

Graph graph_from_json(const Json& json, std::string_view source) {
  Graph graph;
  graph.architecture = field<std::string>(json, "architecture", source);
  std::map<std::string, NodeId> ids;
  for (const Json& entry : field<Json::array_t>(json, "nodes", source)) {
    Node node;
    node.name = field<std::string>(entry, "name", source);
    const std::string where = text(source, ": node ", node.name);
    node.block = field<std::string>(entry, "block", where);
    node.operation = read_operation(field<std::string>(entry, "op", where), entry, where);
    for (const auto& input : field<std::vector<std::string>>(entry, "inputs", where)) {
      node.inputs.push_back(named_node(ids, input, where));
    }
    ids.emplace(node.name, static_cast<NodeId>(graph.nodes.size()));
    graph.nodes.push_back(std::move(node));
  }
  graph.features = named_node(ids, field<std::string>(json, "features", source), source);
  graph.output = named_node(ids, field<std::string>(json, "output", source), source);
  if (json.contains("auxiliary_output")) {
    graph.auxiliary_output = named_node(ids, field<std::string>(json, "auxiliary_output", source), source);
  }
  try {
    validate(graph);
  } catch (const Error& error) {
    fail(Kind::invalid, source, ": ", error.what());
  }
  return graph;
}

}  // namespace graft
