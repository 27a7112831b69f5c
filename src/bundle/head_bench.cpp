// What many heads on one backbone cost: to load one, to answer with one, and the memory of ten thousand.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"
#include "base/random.h"
#include "bundle/head.h"

namespace graft {
namespace {

constexpr std::int64_t kLength = 1280;

Head random_head(std::int64_t labels) {
  Head head{.backbone = std::string(64, 'a')};
  head.layers = {{.inputs = kLength, .outputs = labels}};
  Random random(Key{1});
  for (std::int64_t i = 0; i < labels * kLength; ++i)
    head.layers[0].weight.push_back(static_cast<float>(random.normal()));
  for (std::int64_t i = 0; i < labels; ++i) {
    head.layers[0].bias.push_back(0);
    head.labels.push_back("a label of a customer " + std::to_string(i));
  }
  return head;
}

void load_head(benchmark::State& state) {
  const TemporaryFolder folder;
  write_head(folder.path() / kHeadFile, random_head(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(read_head(folder.path() / kHeadFile));
}
BENCHMARK(load_head)->Arg(5)->Arg(15)->Arg(1000)->Unit(benchmark::kMicrosecond)->UseRealTime();

void answer_of_head(benchmark::State& state) {
  const Head head = random_head(state.range(0));
  const std::vector<float> features(kLength, 0.5F);
  std::vector<float> output(head.labels.size());
  for (auto _ : state) {
    answer(head, features, output);
    benchmark::DoNotOptimize(output.data());
  }
}
BENCHMARK(answer_of_head)->Arg(5)->Arg(15)->Arg(1000)->Unit(benchmark::kMicrosecond)->UseRealTime();

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

void memory_of_10000_heads(benchmark::State& state) {
  const TemporaryFolder folder;
  write_head(folder.path() / kHeadFile, random_head(state.range(0)));
  for (auto _ : state) {
    ::malloc_trim(0);
    const double before = resident_mib();
    std::vector<Head> heads;
    for (int i = 0; i < 10'000; ++i) heads.push_back(read_head(folder.path() / kHeadFile));
    double told = 0;
    for (const Head& head : heads) told += static_cast<double>(head.bytes());
    state.counters["resident_MiB"] = resident_mib() - before;
    state.counters["told_MiB"] = told / (1 << 20);
  }
}
BENCHMARK(memory_of_10000_heads)->Arg(5)->Arg(15)->Iterations(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace graft
