// The data hub's Keras file says what its network must answer to each of its pictures: golden/expected.json.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "graph/surgery.h"
#include "infer/plan.h"
#include "learn/network.h"
#include "zoo/import.h"

namespace graft {
namespace {

constexpr double kTolerance = 1e-4;

// The picture as the bundle's preprocessing gives it: [1, 3, height, width].
torch::Tensor prepared(const std::filesystem::path& path, const Preprocess& preprocess) {
  torch::Tensor input = torch::empty({1, 3, preprocess.height, preprocess.width});
  preprocess_file(read_file(path), preprocess, {input.data_ptr<float>(), static_cast<std::size_t>(input.numel())});
  return input;
}

torch::Tensor planned(const Plan& plan, const torch::Tensor& input) {
  torch::Tensor output = torch::empty({1, plan.output_length()});
  plan.run({input.data_ptr<float>(), static_cast<std::size_t>(input.numel())}, 1,
           {output.data_ptr<float>(), static_cast<std::size_t>(output.numel())});
  return output;
}

void expect_features(const torch::Tensor& features, const Json& expected) {
  EXPECT_NEAR(features.mean().item<double>(), expected.at("feature_mean").get<double>(), kTolerance);
  EXPECT_NEAR(features.norm().item<double>(), expected.at("feature_norm").get<double>(), 10 * kTolerance);
  for (std::int64_t i = 0; i < 8; ++i) {
    EXPECT_NEAR(features[0][i].item<double>(),
                expected.at("feature_first8").at(static_cast<std::size_t>(i)).get<double>(), kTolerance);
  }
}

TEST(KerasGolden, FeaturesAndProbabilitiesAreKerass) {
  const std::filesystem::path folder = std::filesystem::path(GRAFT_HUB) / "keras-mobilenetv2-035";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the data hub is not here";
  const Bundle bundle = import_model(folder / "keras_model.h5");
  const Graph trunk = backbone(bundle.graph);
  Network network(bundle.graph, bundle.weights), features(trunk, bundle.weights);
  const Plan plan(trunk, bundle.weights);
  const Json golden = parse_json(read_text(folder / "golden/expected.json"), "expected.json");
  for (const auto& [name, expected] : golden.items()) {
    SCOPED_TRACE(name);
    const torch::Tensor input = prepared(folder / "golden" / name, bundle.preprocess);
    expect_features(infer(features, input), expected);
    expect_features(planned(plan, input), expected);
    const torch::Tensor probabilities = torch::softmax(infer(network, input), 1);
    for (std::int64_t label = 0; label < 2; ++label) {
      EXPECT_NEAR(probabilities[0][label].item<double>(),
                  expected.at("probabilities").at(static_cast<std::size_t>(label)).get<double>(), kTolerance);
    }
  }
}

}  // namespace
}  // namespace graft
