// How fast plans of the zoo's networks run, with random weights: images/s by network, precision, batch and threads.
#include <benchmark/benchmark.h>

#include "infer/plan.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

void run_plan(benchmark::State& state, const char* architecture, Precision precision) {
  if (!is_available(precision)) return state.SkipWithError("this processor has no such arithmetic");
  const Graph graph = build(architecture, 1000);
  const auto batch = state.range(0);
  const Plan plan(graph, initial_weights(graph, 1),
                  {.threads = static_cast<int>(state.range(1)), .precision = precision});
  const std::vector<float> input(static_cast<std::size_t>(batch * plan.input_length()), 0.5F);
  std::vector<float> output(static_cast<std::size_t>(batch * plan.output_length()));
  plan.run(input, batch, output);
  for (auto _ : state) plan.run(input, batch, output);
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(batch), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["arena_MB"] = static_cast<double>(plan.arena_bytes()) / 1e6;
  state.counters["weights_MB"] = static_cast<double>(plan.weight_bytes()) / 1e6;
}

void load_plan(benchmark::State& state, const char* architecture, Precision precision) {
  const Graph graph = build(architecture, 1000);
  const Weights weights = initial_weights(graph, 1);
  for (auto _ : state) benchmark::DoNotOptimize(Plan(graph, weights, {.precision = precision}));
}

void batches_and_threads(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"batch", "threads"})->ArgsProduct({{1, 16, 64}, {1, 2}});
  bench->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(1);
}

#define GRAFT_BENCH_PLAN(architecture)                                                                          \
  BENCHMARK_CAPTURE(run_plan, architecture##_fp32, #architecture, Precision::fp32)->Apply(batches_and_threads); \
  BENCHMARK_CAPTURE(run_plan, architecture##_bf16, #architecture, Precision::bf16)->Apply(batches_and_threads)

GRAFT_BENCH_PLAN(resnet18);
GRAFT_BENCH_PLAN(resnet50);
GRAFT_BENCH_PLAN(mobilenetv2_100);
GRAFT_BENCH_PLAN(inception_v3);
BENCHMARK_CAPTURE(load_plan, resnet50_fp32, "resnet50", Precision::fp32)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(load_plan, resnet50_bf16, "resnet50", Precision::bf16)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace graft
