#include "zoo/architecture.h"

#include <charconv>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/random.h"
#include "graph/builder.h"
#include "zoo/families.h"

namespace graft {
namespace {

constexpr int kMaxSize = 4096;

struct Family {
  std::string prefix;    // the whole name, or up to a number that follows
  bool numbered;         // whether a width in hundredths follows
  const char* examples;  // for listings
  int size;              // as published
  Preprocess preprocess;
  std::function<Graph(std::string name, int number, int labels, int size)> build;
};

Preprocess imagenet(int size, double crop_fraction) {
  return {.width = size, .height = size, .crop_fraction = crop_fraction};
}

// Pictures as values in [-1, 1].
Preprocess centred(int size, Preprocess::Fit fit) {
  return {.width = size, .height = size, .fit = fit, .scale = 1 / 127.5, .mean = {1, 1, 1}, .std = {1, 1, 1}};
}

const std::vector<Family>& table() {
  static const std::vector<Family> families = [] {
    std::vector<Family> list;
    for (int depth : {18, 34, 50}) {
      const std::string name = "resnet" + std::to_string(depth);
      list.push_back(
          {name, false, nullptr, 224, imagenet(224, 224.0 / 256), [depth](std::string n, int, int labels, int size) {
             return resnet(std::move(n), depth, 64, labels, size);
           }});
    }
    list.push_back(
        {"resnet10_", true, "resnet10_025", 64, imagenet(64, 1), [](std::string n, int width, int labels, int size) {
           return resnet(std::move(n), 10, 64 * width / 100, labels, size);
         }});
    for (const auto flavour : {Flavour::pytorch, Flavour::tensorflow}) {
      const bool tf = flavour == Flavour::tensorflow;
      list.push_back({tf ? "tf_mobilenetv2_" : "mobilenetv2_", true, tf ? "tf_mobilenetv2_035" : "mobilenetv2_100", 224,
                      tf ? centred(224, Preprocess::Fit::stretch) : imagenet(224, 224.0 / 256),
                      [flavour](std::string n, int width, int labels, int size) {
                        return mobilenetv2(std::move(n), width / 100.0, flavour, labels, size);
                      }});
    }
    list.push_back({"inception_v3", false, nullptr, 299, centred(299, Preprocess::Fit::crop),
                    [](std::string, int, int labels, int size) { return inception_v3(labels, size); }});
    return list;
  }();
  return families;
}

struct Match {
  const Family& family;
  int number;
};

Match find_family(std::string_view name) {
  for (const Family& family : table()) {
    if (!family.numbered && name == family.prefix) return {family, 0};
    if (!family.numbered || !name.starts_with(family.prefix)) continue;
    const std::string_view digits = name.substr(family.prefix.size());
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size() && digits.size() == 3 && number >= 10) {
      return {family, number};
    }
  }
  fail(Kind::not_found, "there is no architecture ", name, "; there are ", join(architectures(), ", "));
}

std::vector<float> normals(std::int64_t count, double deviation, Random& random) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(deviation * random.normal());
  return values;
}

std::vector<float> uniforms(std::int64_t count, double bound, Random& random) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(random.uniform(-bound, bound));
  return values;
}

std::vector<float> initial_values(const WeightSpec& spec, const Node& node, std::int64_t fan_in, Random& random) {
  const std::int64_t size = count(spec.shape);
  const auto constant = [size](float value) { return std::vector<float>(static_cast<std::size_t>(size), value); };
  if (std::holds_alternative<BatchNorm>(node.operation)) {
    return constant(spec.name.ends_with(".weight") || spec.name.ends_with(".running_var") ? 1.0f : 0.0f);
  }
  if (const auto* conv = std::get_if<Conv2d>(&node.operation)) {
    const double fan_out =
        static_cast<double>(conv->out_channels) / conv->groups * conv->kernel.height * conv->kernel.width;
    return spec.name.ends_with(".bias") ? constant(0) : normals(size, std::sqrt(2 / fan_out), random);
  }
  return uniforms(size, 1 / std::sqrt(static_cast<double>(fan_in)), random);
}

}  // namespace

Graph build(std::string_view architecture, int labels, int size) {
  const Match match = find_family(architecture);
  require(labels > 0, architecture, ": a classifier has at least one label");
  require(size >= 0 && size <= kMaxSize, architecture, ": the size ", size, " is not between 1 and ", kMaxSize);
  Graph graph = match.family.build(std::string(architecture), match.number, labels, size ? size : match.family.size);
  infer_shapes(graph);  // refuses a size the network cannot work with
  return graph;
}

std::vector<std::string> architectures() {
  std::vector<std::string> names;
  for (const Family& family : table()) names.push_back(family.examples ? family.examples : family.prefix);
  return names;
}

Preprocess published_preprocess(std::string_view architecture) {
  return find_family(architecture).family.preprocess;
}

Weights initial_weights(const Graph& graph, std::uint64_t seed) {
  Weights weights;
  std::uint64_t number = 0;
  std::int64_t fan_in = 1;
  for (const WeightSpec& spec : weight_specs(graph)) {
    Random random(derive(Key{seed}, number++));
    if (spec.shape.size() == 2) fan_in = spec.shape[1];  // a linear layer's bias follows its weight
    const Node& node = graph.nodes[static_cast<std::size_t>(spec.node)];
    weights[spec.name] = make_tensor(spec.shape, initial_values(spec, node, fan_in, random));
  }
  return weights;
}

}  // namespace graft
