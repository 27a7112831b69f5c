#include "learn/network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "graph/builder.h"
#include "graph/surgery.h"
#include "learn/loss.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

constexpr int kLabels = 7;

// The same numbers as formula() of tools/record_zoo_golden.py.
torch::Tensor formula_tensor(const std::string& name, const Shape& shape, double low, double high) {
  Random random(Key{prefix(sha256(as_bytes(name)))});
  torch::Tensor tensor = torch::empty(shape);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(random.uniform(low, high));
  return tensor;
}

torch::Tensor formula_weight(const WeightSpec& spec) {
  const bool scale = spec.shape.size() == 1 && spec.name.ends_with("weight");
  if (scale || spec.name.ends_with("running_var")) return formula_tensor(spec.name, spec.shape, 0.5, 1.5);
  if (spec.shape.size() == 1) return formula_tensor(spec.name, spec.shape, -0.1, 0.1);
  const double bound = std::sqrt(6.0 / static_cast<double>(count(spec.shape) / spec.shape[0]));
  return formula_tensor(spec.name, spec.shape, -bound, bound);
}

Network formula_network(Graph graph) {
  for (Node& node : graph.nodes) {
    if (auto* dropout = std::get_if<Dropout>(&node.operation)) dropout->probability = 0;
  }
  Weights weights;
  for (const WeightSpec& spec : weight_specs(graph)) weights[spec.name] = from_torch(formula_weight(spec));
  return Network(std::move(graph), weights);
}

// The same network computing in double precision, where rounding cannot hide a wrong term or excuse one.
Network in_double(Network network) {
  for (const auto& tensors : {network.parameters(), network.statistics()}) {
    for (auto [name, tensor] : tensors) tensor.set_data(tensor.detach().to(torch::kFloat64));
  }
  return network;
}

// Recorded from torchvision by tools/record_zoo_golden.py.
class Parity : public testing::TestWithParam<const char*> {};

TEST_P(Parity, LogitsAndGradientsAreTorchvisions) {
  const std::string path = std::string(GRAFT_TESTDATA) + "/zoo_golden.json";
  const Json golden = parse_json(read_text(path), path).at(GetParam());
  const std::int64_t batch = golden.at("batch"), size = golden.at("size");
  Network network = formula_network(build(GetParam(), kLabels, static_cast<int>(size)));
  const torch::Tensor images = formula_tensor(text("images of ", GetParam()), {batch, 3, size, size}, -1, 1);

  const torch::Tensor expected = torch::tensor(golden.at("logits").get<std::vector<float>>());
  const torch::Tensor logits = infer(network, images).flatten();
  EXPECT_LT((logits - expected).abs().max().item<double>(), 1e-4 * expected.abs().max().item<double>());

  Network exact = in_double(network);
  const Network::Output out = exact.forward(images.to(torch::kFloat64), true);
  const torch::Tensor targets = smooth_targets(torch::arange(batch) % kLabels, kLabels, 0).to(torch::kFloat64);
  torch::Tensor loss = cross_entropy(out.logits, targets, {});
  if (out.auxiliary.defined()) loss = loss + 0.4 * cross_entropy(out.auxiliary, targets, {});
  loss.backward();
  EXPECT_NEAR(loss.item<double>(), golden.at("loss").get<double>(), 1e-7 * golden.at("loss").get<double>());
  ASSERT_EQ(golden.at("gradients").size(), exact.parameters().size());
  for (const auto& [name, parameter] : exact.parameters()) {
    const double norm = golden.at("gradients").at(name).at(0), probe = golden.at("gradients").at(name).at(1);
    const torch::Tensor direction = formula_tensor("probe of " + name, parameter.sizes().vec(), -1, 1);
    const double tolerance = 1e-6 * norm + 1e-9;
    EXPECT_NEAR(parameter.grad().norm().item<double>(), norm, tolerance) << name;
    EXPECT_NEAR((parameter.grad() * direction).sum().item<double>(), probe, tolerance) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, Parity,
                         testing::Values("resnet18", "resnet34", "resnet50", "mobilenetv2_100", "mobilenetv2_035",
                                         "inception_v3"),
                         [](const auto& network) { return std::string(network.param); });

TEST(Network, FrozenBatchNormStaysInInferenceMode) {
  Network network = formula_network(build("resnet10_025", kLabels, 32));
  network.freeze(freeze_up_to(network.graph(), "layer2"));
  const Weights before = network.weights();
  const torch::Tensor images = formula_tensor("images", {4, 3, 32, 32}, -1, 1);
  network.forward(images, true).logits.sum().backward();
  const Weights after = network.weights();
  EXPECT_EQ(to_floats(before.at("bn1.running_mean")), to_floats(after.at("bn1.running_mean")));
  EXPECT_EQ(to_floats(before.at("layer2.0.bn1.running_var")), to_floats(after.at("layer2.0.bn1.running_var")));
  EXPECT_NE(to_floats(before.at("layer3.0.bn1.running_mean")), to_floats(after.at("layer3.0.bn1.running_mean")));
  EXPECT_FALSE(network.parameters().at("layer2.0.conv1.weight").grad().defined());
  EXPECT_TRUE(network.parameters().at("layer3.0.conv1.weight").grad().defined());
}

TEST(Network, FrozenBlocksComputeTheSameInTrainingAsInInference) {
  Network network = formula_network(backbone(build("resnet10_025", kLabels, 32)));
  network.freeze(std::vector<bool>(network.graph().nodes.size(), true));
  const torch::Tensor images = formula_tensor("images", {2, 3, 32, 32}, -1, 1);
  EXPECT_TRUE(torch::equal(network.forward(images, true).logits, network.forward(images, false).logits));
}

TEST(Network, TheAverageFollowsTheWeights) {
  Network network = formula_network(build("resnet10_025", kLabels, 32));
  Network average(network.graph(), network.weights());
  Weights moved = network.weights();
  moved["conv1.weight"] = from_torch(to_torch(moved["conv1.weight"]) + 1);
  network.load(moved);
  average.follow(network, 0.5, 1'000'000);
  const torch::Tensor difference = network.parameters().at("conv1.weight") - average.parameters().at("conv1.weight");
  EXPECT_NEAR(difference.mean().item<double>(), 0.5, 1e-5);
}

}  // namespace
}  // namespace graft
