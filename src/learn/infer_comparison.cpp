#include "learn/infer_comparison.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>

#include "base/json.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "graph/surgery.h"
#include "infer/calibration.h"
#include "infer/ceiling.h"
#include "infer/libtorch.h"
#include "infer/plan.h"
#include "learn/files_speed.h"
#include "learn/infer_subject.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 5;
constexpr double kLeastSeconds = 0.1;  // of one measurement

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Calibrated {
  ActivationRanges ranges;
  std::string source;
};

Calibrated calibrate(const Bundle& bundle, const PreparedImages& images, bool from_folder) {
  if (!from_folder && !bundle.activation_ranges.empty())
    return {bundle.activation_ranges, "the images that the bundle was calibrated on"};
  Calibrator calibrator(bundle.graph, bundle.weights);
  calibrator.observe(images.pixels, static_cast<std::int64_t>(images.count));
  return {calibrator.ranges(), images.source};
}

// ---- Measuring ----

// One way of computing the network.
struct Way {
  std::string form;  // "plan", "eager", "frozen"
  Precision precision;
  std::function<double()> measure{};  // images a second
  std::vector<double> rates{};        // of each round
};

struct PlanFacts {
  double load_seconds = 0;
  std::size_t weight_bytes = 0, arena_bytes = 0;
};

struct Comparison {
  Bundle bundle;
  PreparedImages images;
  int threads;
  std::vector<Precision> precisions;
  std::vector<std::int64_t> batches;
  ActivationRanges ranges{};
  std::map<Precision, PlanFacts> plans{};
  std::map<Precision, double> ceilings{};
};

// Runs `work` on a thread of its own. When that ends, so do the threads that OpenMP gave it: where more of these live
// than there are cores, they wait in the kernel at every barrier, and each way would be slower than it is by itself.
template <typename Work>
auto alone(Work work) {
  return std::async(std::launch::async, std::move(work)).get();
}

// Images a second. A run before the clock starts brings threads and caches back from the way before.
double measure(const std::function<void()>& run, std::int64_t batch) {
  run();
  const auto start = Clock::now();
  std::int64_t images = 0;
  do {
    run();
    images += batch;
  } while (seconds_since(start) < kLeastSeconds);
  return static_cast<double>(images) / seconds_since(start);
}

Plan load_plan(const Comparison& c, Precision precision) {
  return Plan(c.bundle.graph, c.bundle.weights, {.threads = c.threads, .precision = precision, .ranges = c.ranges});
}

// The first time: later ones find their kernels in oneDNN's cache.
PlanFacts first_load(const Comparison& c, Precision precision) {
  const auto start = Clock::now();
  const Plan plan = load_plan(c, precision);
  return {seconds_since(start), plan.weight_bytes(), plan.arena_bytes()};
}

// The plan is loaded for each measurement, as one that waits keeps its threads.
double measure_plan(const Comparison& c, Precision precision, std::int64_t batch, std::span<const float> input,
                    std::span<float> output) {
  const Plan plan = load_plan(c, precision);
  return measure([&] { plan.run(input, batch, output); }, batch);
}

Way libtorch_way(const Comparison& c, LibtorchOptions::Form form, Precision precision, std::int64_t batch,
                 std::span<const float> input, std::span<float> output) {
  const auto plan = alone([&] {
    const LibtorchOptions options{.form = form, .precision = precision, .threads = c.threads};
    return std::make_shared<LibtorchPlan>(c.bundle.graph, c.bundle.weights, batch, options);
  });
  return {form == LibtorchOptions::Form::eager ? "eager" : "frozen", precision,
          [=] { return measure([&] { plan->run(input, batch, output); }, batch); }};
}

// Every way on one batch. `c`, `input` and `output` live longer than the ways.
std::vector<Way> ways(const Comparison& c, std::int64_t batch, std::span<const float> input, std::span<float> output) {
  std::vector<Way> out;
  for (const Precision precision : c.precisions) {
    out.push_back({"plan", precision, [=, &c] { return measure_plan(c, precision, batch, input, output); }});
  }
  for (const auto form : {LibtorchOptions::Form::eager, LibtorchOptions::Form::frozen}) {
    for (const Precision precision : {Precision::fp32, Precision::bf16}) {
      if (is_available(precision)) out.push_back(libtorch_way(c, form, precision, batch, input, output));
    }
  }
  return out;
}

std::optional<double> rate_of(const std::vector<Way>& ways, std::string_view form, Precision precision) {
  for (const Way& way : ways) {
    if (way.form == form && way.precision == precision) return median(way.rates);
  }
  return std::nullopt;
}

OrderedJson describe_speeds(const std::vector<Way>& ways, std::int64_t batch) {
  const std::optional<double> eager = rate_of(ways, "eager", Precision::fp32);
  const std::optional<double> frozen = rate_of(ways, "frozen", Precision::bf16);
  OrderedJson out = OrderedJson::array();
  for (const Way& way : ways) {
    const double rate = median(way.rates);
    OrderedJson row = {
        {"form", way.form}, {"precision", name_of(way.precision)}, {"batch", batch}, {"images_per_second", rate}};
    if (frozen) row["ratio_to_frozen_bf16"] = rate / *frozen;
    if (eager) row["ratio_to_eager"] = rate / *eager;
    row["rounds"] = way.rates;
    out.push_back(std::move(row));
  }
  return out;
}

// In every round: other programs may take a share of the machine at any time, and a ceiling is the best that was seen.
void raise_ceilings(Comparison& c) {
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    if (!is_available(precision)) continue;
    double& ceiling = c.ceilings[precision];
    ceiling = std::max(ceiling, alone([&] { return arithmetic_ceiling(precision, c.threads); }));
  }
}

void add_shares_of_ceiling(OrderedJson& speeds, const Comparison& c) {
  const double flops = 2.0 * static_cast<double>(cost(c.bundle.graph).multiply_adds);
  for (OrderedJson& row : speeds) {
    const Precision precision = precision_from_name(row.at("precision").get<std::string>());
    row["share_of_ceiling"] = row.at("images_per_second").get<double>() * flops / c.ceilings.at(precision);
  }
}

Shape output_shape(const Graph& graph, std::int64_t batch) {
  return infer_shapes(graph, batch).at(static_cast<std::size_t>(graph.output));
}

OrderedJson measure_speeds(Comparison& c) {
  OrderedJson out = OrderedJson::array();
  const std::uint64_t ways_of_batch = c.precisions.size() + (is_available(Precision::bf16) ? 4 : 2);
  Progress progress("measure", c.batches.size() * kRounds * ways_of_batch, "measurements");
  std::uint64_t done = 0;
  for (const std::int64_t batch : c.batches) {
    const std::vector<float> input = make_batch(c.images, batch);
    std::vector<float> output(static_cast<std::size_t>(count(output_shape(c.bundle.graph, batch))));
    std::vector<Way> all = ways(c, batch, input, output);
    for (int round = 0; round < kRounds; ++round) {
      raise_ceilings(c);
      for (Way& way : all) {
        way.rates.push_back(alone(way.measure));
        progress.update(++done, text("batch ", batch, ", ", way.form, " ", name_of(way.precision)));
      }
    }
    for (OrderedJson& row : describe_speeds(all, batch)) out.push_back(std::move(row));
  }
  add_shares_of_ceiling(out, c);
  return out;
}

// ---- The parts of the result ----

OrderedJson describe_plans(const Comparison& c) {
  OrderedJson out = OrderedJson::array();
  for (const auto& [precision, facts] : c.plans) {
    out.push_back({{"precision", name_of(precision)},
                   {"load_seconds", facts.load_seconds},
                   {"weight_bytes", facts.weight_bytes},
                   {"arena_bytes", facts.arena_bytes}});
  }
  return out;
}

OrderedJson describe_ceilings(const Comparison& c) {
  OrderedJson out = OrderedJson::array();
  for (const auto& [precision, ceiling] : c.ceilings) {
    out.push_back({{"precision", name_of(precision)}, {"flops_per_second", ceiling}});
  }
  return out;
}

OrderedJson describe_layers(const Comparison& c) {
  const std::int64_t batch = *std::max_element(c.batches.begin(), c.batches.end());
  const std::vector<float> input = make_batch(c.images, batch);
  OrderedJson out = OrderedJson::array();
  for (const Precision plan_precision : c.precisions) {
    const std::vector<LayerTime> times = load_plan(c, plan_precision).profile(input, batch);
    double total = 0;
    for (const LayerTime& time : times) total += time.seconds;
    OrderedJson steps = OrderedJson::array();
    for (const LayerTime& time : times) {
      steps.push_back({{"name", time.name},
                       {"operation", time.operation},
                       {"precision", name_of(time.precision)},
                       {"seconds", time.seconds},
                       {"share", total > 0 ? time.seconds / total : 0},
                       {"flops_per_second", time.seconds > 0 ? 2 * time.multiply_adds / time.seconds : 0}});
    }
    out.push_back({{"precision", name_of(plan_precision)}, {"batch", batch}, {"steps", steps}});
  }
  return out;
}

OrderedJson measure_files(const Comparison& c, const std::filesystem::path& folder) {
  const Graph trunk = backbone(c.bundle.graph);
  OrderedJson out = OrderedJson::array();
  for (const Precision precision : c.precisions) {
    const FilesSpeed speed =
        measure_files_speed({trunk, c.bundle.weights, c.bundle.preprocess, precision, c.ranges}, folder);
    out.push_back({{"precision", name_of(precision)},
                   {"files", speed.images},
                   {"images_per_second", speed.images_per_second},
                   {"busy", speed.busy}});
  }
  return out;
}

std::vector<Precision> choose_precisions(std::vector<Precision> asked) {
  for (const Precision precision : asked) require_available(precision);
  if (!asked.empty()) return asked;
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    if (is_available(precision)) asked.push_back(precision);
  }
  return asked;
}

}  // namespace

OrderedJson compare_inference(const InferComparisonOptions& options) {
  Bundle bundle = alone([&] { return open_network(options.network); });
  PreparedImages images = open_images(bundle, options.images);
  const int threads = options.threads > 0 ? options.threads : static_cast<int>(available_cores());
  Comparison c{std::move(bundle), std::move(images), threads, choose_precisions(options.precisions), options.batches};
  const auto& input = std::get<Input>(c.bundle.graph.nodes[0].operation);
  OrderedJson out = {{"network", options.network},
                     {"architecture", c.bundle.graph.architecture},
                     {"weights", is_bundle(options.network) ? "the bundle's" : "random"},
                     {"input", {input.channels, input.height, input.width}},
                     {"flops", 2 * cost(c.bundle.graph).multiply_adds},
                     {"threads", c.threads},
                     {"images", c.images.source}};
  for (const Precision precision : c.precisions) {
    if (precision == Precision::int8) {
      Calibrated calibrated = calibrate(c.bundle, c.images, !options.images.empty());
      c.ranges = std::move(calibrated.ranges);
      out["calibration"] = calibrated.source;
    }
    c.plans[precision] = first_load(c, precision);
  }
  out["speeds"] = measure_speeds(c);
  out["plans"] = describe_plans(c);
  out["ceilings"] = describe_ceilings(c);
  if (!options.images.empty()) out["files"] = measure_files(c, options.images);
  if (options.layers) out["layers"] = describe_layers(c);
  return out;
}

}  // namespace graft
