#include "learn/head.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "graph/surgery.h"
#include "learn/network.h"

namespace graft {
namespace {

constexpr std::int64_t kLength = 24;

// Points around one centre for each label; `spread` says how much they mix.
FeatureSet clouds(std::size_t images, int labels, double spread, std::uint64_t seed) {
  FeatureSet set{torch::zeros({static_cast<std::int64_t>(images), kLength}), {}};
  float* values = set.features.data_ptr<float>();
  Random random(Key{seed});
  for (std::size_t i = 0; i < images; ++i) {
    const int label = static_cast<int>(i) % labels;
    Random centre(Key{static_cast<std::uint64_t>(label) + 1000});
    for (std::int64_t k = 0; k < kLength; ++k) {
      *values++ = static_cast<float>(std::abs(3 * centre.normal() + spread * random.normal()));
    }
    set.labels.push_back(label);
  }
  return set;
}

TEST(Head, SeparatesWhatIsSeparable) {
  const HeadFit fit = fit_head(clouds(300, 5, 0.5, 1), clouds(100, 5, 0.5, 2), {.spec = {.labels = 5}});
  EXPECT_EQ(accuracy(fit.validation), 1.0);
  EXPECT_EQ(fit.weights.at("head.output.weight").shape, (Shape{5, kLength}));
}

TEST(Head, ALinearFitDoesNotDependOnTheSeed) {
  const FeatureSet train = clouds(200, 4, 3, 1), validation = clouds(100, 4, 3, 2);
  const HeadFit one = fit_head(train, validation, {.spec = {.labels = 4}, .seed = 1});
  const HeadFit two = fit_head(train, validation, {.spec = {.labels = 4}, .seed = 2});
  EXPECT_EQ(to_floats(one.weights.at("head.output.weight")), to_floats(two.weights.at("head.output.weight")));
}

// At the minimum of the regularised loss its gradient is zero: for the bias, the mean probability of each label is its
// share.
TEST(Head, FindsTheMinimum) {
  const FeatureSet train = clouds(1200, 3, 9, 1);
  const HeadFit fit = fit_head(train, train, {.spec = {.labels = 3}, .epochs = 500, .regularisations = {1e-8}});
  const Answers answers = answer(fit.spec, fit.weights, train);
  double share = 0;
  for (std::size_t i = 0; i < answers.images(); ++i) share += probabilities(answers.of(i), 1)[0];
  EXPECT_NEAR(share / 1200, 1.0 / 3, 2e-3);
}

TEST(Head, KeepsTheStrengthWithTheLeastValidationLoss) {
  const HeadFit fit = fit_head(clouds(30, 3, 8, 1), clouds(300, 3, 8, 2), {.spec = {.labels = 3}});
  for (const HeadTrial& trial : fit.trials) EXPECT_GE(trial.validation_loss, fit.kept.validation_loss);
  EXPECT_NEAR(log_loss(fit.validation), fit.kept.validation_loss, 1e-5);
}

TEST(Head, AHiddenLayerIsTheSameForTheSameSeed) {
  const FeatureSet train = clouds(240, 3, 1, 1), validation = clouds(60, 3, 1, 2);
  const HeadSettings settings{.spec = {.labels = 3, .hidden = 16}, .epochs = 30, .regularisations = {1e-3}, .seed = 5};
  const HeadFit one = fit_head(train, validation, settings), two = fit_head(train, validation, settings);
  EXPECT_EQ(to_floats(one.weights.at("head.hidden.weight")), to_floats(two.weights.at("head.hidden.weight")));
  EXPECT_GT(accuracy(one.validation), 0.8);
}

// What the fit answers and what the graph with its weights computes are the same, with the root and without.
TEST(Head, TheGraphComputesWhatWasFitted) {
  const FeatureSet train = clouds(120, 3, 3, 1);
  for (const HeadSpec& spec :
       {HeadSpec{.labels = 3}, HeadSpec{.labels = 3, .root = true}, HeadSpec{.labels = 3, .hidden = 8}}) {
    const HeadFit fit = fit_head(train, train, {.spec = spec, .epochs = 20, .regularisations = {1e-3}});
    Graph features;
    features.architecture = "features";
    features.nodes = {{"input", Input{static_cast<int>(kLength), 1, 1}, {}, ""}, {"flatten", Flatten{}, {0}, ""}};
    features.features = features.output = 1;
    Network network(replace_head(features, fit.spec), fit.weights);
    const torch::Tensor logits = infer(network, train.features.unsqueeze(-1).unsqueeze(-1));
    const torch::Tensor fitted = torch::from_blob(const_cast<float*>(fit.validation.logits.data()), logits.sizes());
    EXPECT_TRUE(torch::allclose(logits, fitted, 1e-4, 1e-4));
  }
}

TEST(Head, LabelWeightsMakeARareLabelCount) {
  FeatureSet train = clouds(400, 2, 9, 1);
  FeatureSet rare{train.features.slice(0, 0, 220).clone(), {}};
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 400; ++i) {
    if (i % 2 == 0 || rows.size() < 40) rows.push_back(i);
  }
  rare.features = train.features.index_select(0, torch::tensor(rows));
  for (std::int64_t row : rows) rare.labels.push_back(train.labels[static_cast<std::size_t>(row)]);
  const FeatureSet validation = clouds(400, 2, 9, 2);
  HeadSettings settings{.spec = {.labels = 2}, .regularisations = {1e-2}};
  const auto recall = [&](const HeadFit& fit) { return label_metrics(fit.validation, {"a", "b"})[1].recall; };
  const double plain = recall(fit_head(rare, validation, settings));
  settings.label_weights = {0.6f, 5.0f};
  EXPECT_GT(recall(fit_head(rare, validation, settings)), plain);
}

}  // namespace
}  // namespace graft
