// How long a linear head takes to fit: 10,000 features of 1,280 for 15 labels, at most 100 epochs.
#include <benchmark/benchmark.h>

#include "learn/head.h"
#include "recipe/recipe.h"

namespace graft {
namespace {

constexpr std::int64_t kImages = 10'000, kLength = 1280, kLabels = 15;
// Of the labels' centres, beside noise of 1: near enough that the fit takes its time.
constexpr double kSpread = 0.1;

// Never negative, as the features of a network that ends in a ReLU.
FeatureSet gaussian_labels(std::int64_t images, std::uint64_t seed) {
  torch::manual_seed(0);
  const torch::Tensor centres = kSpread * torch::randn({kLabels, kLength});
  torch::manual_seed(seed);
  const torch::Tensor labels = torch::arange(images).remainder(kLabels);
  FeatureSet set{(centres.index_select(0, labels) + torch::randn({images, kLength})).clamp_min(0), {}};
  for (std::int64_t i = 0; i < images; ++i) set.labels.push_back(static_cast<int>(i % kLabels));
  return set;
}

void fit(benchmark::State& state, const HeadSettings& settings) {
  const FeatureSet train = gaussian_labels(kImages, 1), validation = gaussian_labels(kImages / 5, 2);
  int epochs = 0;
  const auto count = [&](int done, int, double) { epochs = done; };
  for (auto _ : state) benchmark::DoNotOptimize(fit_head(train, validation, settings, count));
  state.counters["epochs"] = epochs;  // of the last strength
}

// One strength of regularisation, so weak that all epochs are used.
void fit_head_100_epochs(benchmark::State& state) {
  HeadSettings settings;
  settings.spec.labels = kLabels;
  settings.epochs = 100;
  settings.regularisations = {1e-7};
  fit(state, settings);
}
BENCHMARK(fit_head_100_epochs)->Unit(benchmark::kMillisecond)->UseRealTime();

// All strengths, on the features and on their square roots: what `graft train` does.
void fit_head_by_default(benchmark::State& state) {
  HeadSettings settings = head_recipe({}, kLabels, 1);
  settings.try_root = true;
  fit(state, settings);
}
BENCHMARK(fit_head_by_default)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace graft
