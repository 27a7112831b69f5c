#include "learn/precision_search.h"

#include <algorithm>

#include "base/error.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "data/loader.h"
#include "graph/surgery.h"
#include "infer/calibration.h"

namespace graft {
namespace {

constexpr std::size_t kCalibrationImages = 64;
constexpr std::size_t kCalibrationBatch = 8;
constexpr std::int64_t kCalibrationRows = 256;  // of features
constexpr std::int64_t kRows = 1024;

std::vector<Precision> precisions_to_try(std::optional<Precision> asked) {
  if (asked) return {*asked};
  std::vector<Precision> out;
  for (const Precision precision : {Precision::int8, Precision::bf16, Precision::fp32}) {
    if (is_available(precision)) out.push_back(precision);
  }
  return out;
}

// One image of each label, then another of each, until there are enough.
std::vector<std::size_t> calibration_images(const Part& train, std::uint64_t seed) {
  std::vector<std::vector<std::pair<std::uint64_t, std::size_t>>> by_label(train.dataset->labels().size());
  for (std::size_t i = 0; i < train.dataset->size(); ++i) {
    const std::uint64_t rank = derive(Key{seed}, prefix(train.contents[i])).value;
    by_label[static_cast<std::size_t>(train.dataset->label(i))].emplace_back(rank, i);
  }
  for (auto& images : by_label) std::sort(images.begin(), images.end());
  std::vector<std::size_t> out;
  const std::size_t wanted = std::min(kCalibrationImages, train.dataset->size());
  for (std::size_t round = 0; out.size() < wanted; ++round) {
    for (const auto& images : by_label) {
      if (round < images.size() && out.size() < wanted) out.push_back(images[round].second);
    }
  }
  return out;
}

// The range of what the head reads: that of the node whose output the features are, under the name it has there.
ActivationRange range_of_features(const Graph& graph, const ActivationRanges& ranges) {
  for (NodeId id = graph.features;; id = graph.nodes[static_cast<std::size_t>(id)].inputs[0]) {
    const Node& node = graph.nodes[static_cast<std::size_t>(id)];
    const auto found = ranges.find(node.name);
    if (found != ranges.end()) return found->second;
    require(!node.inputs.empty(), graph.architecture, ": the range of its features is not known");
  }
}

}  // namespace

void require_available(std::optional<Precision> asked) {
  if (asked) require_available(*asked);
}

PrecisionChoice search_precision(std::optional<Precision> asked,
                                 const std::function<PrecisionCheck(Precision)>& attempt) {
  PrecisionChoice choice;
  for (const Precision precision : precisions_to_try(asked)) {
    choice.precision = precision;
    PrecisionCheck check;
    try {
      check = attempt(precision);
    } catch (const Error& error) {
      // Only plans compute in int8; in bf16 and fp32 libtorch runs what they cannot.
      if (asked || precision == Precision::fp32 || error.code() != kUnsupportedByPlan) throw;
      continue;
    }
    if (precision == Precision::fp32) break;
    choice.checks.push_back(check);
    if (passes(check)) break;
    require(!asked, "--precision ", name_of(precision), " is refused: ", describe(check), ", where ",
            100 * kLeastAgreement, " % and ", 100 * kMostAccuracyLost,
            " points less are the limits; leave it out, and the fastest within them is taken");
  }
  return choice;
}

std::vector<std::size_t> spread(std::size_t count, std::size_t most) {
  std::vector<std::size_t> out(std::min(count, most));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = i * count / out.size();
  return out;
}

PrecisionCheck compare(Precision precision, const Answers& answers, const Answers& fp32) {
  require(answers.images() == fp32.images() && answers.images() > 0, "a precision is checked on the same images");
  std::size_t same = 0;
  for (std::size_t i = 0; i < answers.images(); ++i) same += decision(answers.of(i)) == decision(fp32.of(i));
  return {.precision = precision,
          .images = static_cast<int>(answers.images()),
          .agreement = static_cast<double>(same) / static_cast<double>(answers.images()),
          .accuracy = accuracy(answers),
          .fp32_accuracy = accuracy(fp32)};
}

ActivationRanges calibrate(const Backbone& network, const Part& train, std::uint64_t seed) {
  const Preprocess& p = network.preprocess;
  const std::vector<std::size_t> images = calibration_images(train, seed);
  Progress progress("calibration", images.size(), "images");
  Loader loader(
      train.dataset, images,
      {.batch = kCalibrationBatch,
       .floats_per_sample = static_cast<std::size_t>(3 * p.width * p.height),
       .threads = available_cores()},
      [&p](const Sample& sample, std::size_t, std::span<float> out) { preprocess_file(sample.content, p, out); });
  Calibrator calibrator(network.graph, network.weights);
  std::size_t done = 0;
  for (Batch batch; loader.next(batch);) {
    calibrator.observe(batch.pixels, static_cast<std::int64_t>(batch.indices.size()));
    progress.update(done += batch.indices.size());
  }
  return calibrator.ranges();
}

ActivationRanges calibrate_head(const Graph& network, const Weights& weights, const FeatureSet& features) {
  const std::int64_t rows = features.features.size(0), length = features.features.size(1);
  const std::int64_t stride = std::max<std::int64_t>(1, rows / kCalibrationRows);
  Calibrator calibrator(head_only(network), weights);
  for (std::int64_t row = 0; row < rows; row += stride) {
    calibrator.observe({features.features.data_ptr<float>() + row * length, static_cast<std::size_t>(length)}, 1);
  }
  return calibrator.ranges();
}

Answers answer_features(const Bundle& bundle, Precision precision, const FeatureSet& set) {
  const Graph head = head_only(bundle.graph);
  PlanOptions options{.precision = precision, .ranges = bundle.activation_ranges};
  if (precision == Precision::int8) {
    options.ranges[head.nodes[0].name] = range_of_features(bundle.graph, bundle.activation_ranges);
  }
  const Plan plan(head, bundle.weights, options);
  const auto labels = static_cast<std::size_t>(plan.output_length());
  Answers answers{labels, set.labels, std::vector<float>(set.labels.size() * labels)};
  const std::int64_t rows = set.features.size(0), length = set.features.size(1);
  for (std::int64_t begin = 0; begin < rows; begin += kRows) {
    const std::int64_t count = std::min(kRows, rows - begin);
    plan.run({set.features.data_ptr<float>() + begin * length, static_cast<std::size_t>(count * length)}, count,
             std::span(answers.logits)
                 .subspan(static_cast<std::size_t>(begin) * labels, static_cast<std::size_t>(count) * labels));
  }
  return answers;
}

}  // namespace graft
