#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "base/json.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "cli/precision_option.h"
#include "cli/remote_paths.h"
#include "data/loader.h"
#include "data/scan.h"
#include "infer/predictor.h"
#include "report/metrics.h"

namespace graft {
namespace {

constexpr std::size_t kBatch = 32;

struct EvaluateOptions {
  std::filesystem::path bundle, data;
  std::optional<Precision> precision;
  bool json = false;
};

// The model's answers on every image; the logits are logarithms of the calibrated probabilities.
Answers answers_of(const Predictor& predictor, const DatasetPtr& dataset) {
  const Preprocess& p = predictor.bundle().preprocess;
  std::vector<std::size_t> order(dataset->size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Loader loader(
      dataset, std::move(order),
      {.batch = kBatch,
       .floats_per_sample = static_cast<std::size_t>(3 * p.width * p.height),
       .threads = available_cores(),
       .ahead = 4},
      [&](const Sample& sample, std::size_t, std::span<float> out) { preprocess_file(sample.content, p, out); });
  Answers answers{dataset->labels().size(), {}, {}};
  Progress progress("evaluate", dataset->size(), "images");
  Batch batch;
  std::vector<float> out(kBatch * answers.labels);
  while (loader.next(batch)) {
    const std::span<float> used = std::span(out).first(batch.labels.size() * answers.labels);
    predictor.probabilities(batch.pixels, static_cast<std::int64_t>(batch.labels.size()), used);
    answers.truth.insert(answers.truth.end(), batch.labels.begin(), batch.labels.end());
    for (float probability : used) answers.logits.push_back(std::log(std::max(probability, 1e-30f)));
    progress.update(answers.images());
  }
  return answers;
}

OrderedJson result_of(const Answers& answers, const std::vector<std::string>& labels) {
  const auto right = rights(answers);
  const Interval interval =
      wilson_interval(static_cast<std::size_t>(std::count(right.begin(), right.end(), true)), right.size());
  OrderedJson out = {{"accuracy", interval.value},
                     {"interval", {interval.low, interval.high}},
                     {"top5", top_k_accuracy(answers, 5)},
                     {"loss", log_loss(answers)},
                     {"calibration_error", calibration(answers, 1).expected_error},
                     {"images", answers.images()},
                     {"labels", OrderedJson::object()}};
  for (const LabelMetrics& label : label_metrics(answers, labels)) {
    out["labels"][label.label] = {{"images", label.images}, {"precision", label.precision}, {"recall", label.recall}};
  }
  return out;
}

void say(const OrderedJson& result) {
  std::cout << fmt::format("accuracy  {:.2f} % of {} images (95 % interval {:.2f} to {:.2f})\ntop 5     {:.2f} %\n",
                           100 * result["accuracy"].get<double>(), result["images"].get<std::size_t>(),
                           100 * result["interval"][0].get<double>(), 100 * result["interval"][1].get<double>(),
                           100 * result["top5"].get<double>());
  std::cout << fmt::format("computed in {}\n\n", result["precision"].get<std::string>());
  std::cout << "precision  recall  images  label\n";
  for (const auto& [label, m] : result["labels"].items()) {
    std::cout << fmt::format("{:7.1f} % {:5.1f} %  {:6}  {}\n", 100 * m["precision"].get<double>(),
                             100 * m["recall"].get<double>(), m["images"].get<std::size_t>(), label);
  }
}

void evaluate(const EvaluateOptions& options) {
  Bundle bundle = read_bundle(options.bundle);
  // Also one that its check does not allow: this is how to see what it costs.
  const Precision precision = precision_to_use(bundle, options.precision);
  const Predictor predictor(std::move(bundle), 0, precision);
  const DatasetPtr data = open_dataset(options.data, predictor.bundle().labels);
  const Scan found = scan({data, nullptr, nullptr}, available_cores());
  const ScannedSet readable = usable(found.splits.train);
  for (const auto& [index, problem] : found.splits.train.problems) {
    spdlog::warn("{} is left out: {}", found.splits.train.dataset->name(index), problem);
  }
  require(readable.dataset->size() > 0, options.data.string(), " has no image that can be read");
  OrderedJson result = result_of(answers_of(predictor, readable.dataset), predictor.bundle().labels);
  result["precision"] = name_of(precision);
  if (options.json) {
    std::cout << result.dump() << '\n';
  } else {
    say(result);
  }
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* command = app.add_subcommand("evaluate", "Measure a model on images whose labels are known");
  command->add_option("bundle", options->bundle, "A model")->required()->type_name("BUNDLE");
  command->add_option("--data", options->data, "A folder per label, or a list")->required()->type_name("PATH");
  add_precision(command, options->precision, "What to compute in [what the bundle records]");
  command->add_flag("--json", options->json, "Print the result as JSON");
  const auto remote = add_remote_paths(command);
  command->callback([options, remote] {
    if (options->json) silence_progress();
    options->bundle = remote->model(options->bundle);
    options->data = remote->images(options->data);
    evaluate(*options);
  });
}

}  // namespace graft
