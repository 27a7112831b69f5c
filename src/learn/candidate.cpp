#include "learn/candidate.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "graph/surgery.h"
#include "learn/device.h"
#include "learn/features.h"
#include "learn/loss.h"
#include "learn/metric_log.h"
#include "learn/network.h"
#include "learn/precision_search.h"
#include "learn/stop_signal.h"
#include "learn/trainer.h"
#include "recipe/recipe.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int label_count(const SplitData& data) {
  return static_cast<int>(data.train.dataset->labels().size());
}

std::vector<float> label_weights(const TrainingContext& context) {
  if (!context.options.balance) return {};
  return balanced_weights(context.data.train.labels(), context.data.train.dataset->labels().size());
}

std::string picture_size(const Preprocess& p) {
  return fmt::format("{} x {}", p.width, p.height);
}

Backbone backbone_of(const Bundle& bundle, Precision precision) {
  const Graph graph = backbone(bundle.graph);
  return {graph, select_weights(graph, bundle.weights, bundle.graph.architecture), bundle.preprocess, precision};
}

Bundle untrained_bundle(const Graph& graph, const Preprocess& preprocess, const SplitData& data) {
  Bundle bundle;
  bundle.graph = graph;
  bundle.preprocess = preprocess;
  bundle.labels = data.train.dataset->labels();
  return bundle;
}

FeatureSet extract(FeatureExtractor& extractor, const Part& part, const std::string& title) {
  return extractor.extract(part.dataset, part.contents, {}, title);
}

OrderedJson to_json(const HeadSettings& settings, const HeadFit& fit, const Views& views) {
  OrderedJson trials = OrderedJson::array();
  for (const HeadTrial& trial : fit.trials) {
    trials.push_back({{"root", trial.root},
                      {"regularisation", trial.regularisation},
                      {"validation_loss", trial.validation_loss},
                      {"validation_accuracy", trial.validation_accuracy},
                      {"epochs", trial.epochs}});
  }
  return {{"mode", "head"},
          {"hidden", settings.spec.hidden},
          {"epochs", settings.epochs},
          {"views", views.augmented},
          {"label_smoothing", settings.label_smoothing},
          {"root", fit.kept.root},
          {"regularisation", fit.kept.regularisation},
          {"trials", trials}};
}

struct FittedHead {
  Bundle bundle;
  HeadFit fit;
  HeadSettings settings;
  Views views;
  FeatureSet validation;
};

HeadSettings head_settings(const TrainingContext& context) {
  HeadSettings settings = head_recipe(context.options, label_count(context.data), context.seed);
  settings.label_weights = label_weights(context);
  settings.deadline = context.deadline;
  return settings;
}

HeadFit fit_with_progress(const FeatureSet& features, const FeatureSet& validation, const HeadSettings& settings) {
  const auto passes =
      static_cast<std::uint64_t>(settings.epochs) * settings.regularisations.size() * (settings.try_root ? 2 : 1);
  Progress progress("head", passes, "epochs");
  std::uint64_t done = 0;
  return fit_head(features, validation, settings,
                  [&](int, int, double right) { progress.update(++done, fmt::format("validation {:.3f}", right)); });
}

// `ranges` are the backbone's where it is calibrated.
FittedHead fit_on_features(const Bundle& parent, FeatureExtractor& extractor, const ActivationRanges& ranges,
                           const TrainingContext& context) {
  const TrainOptions& options = context.options;
  const Part& train = context.data.train;
  FittedHead head{.bundle = untrained_bundle(parent.graph, parent.preprocess, context.data),
                  .fit = {},
                  .settings = head_settings(context),
                  .views = {options.views, augmentation_of(options.augmentation.value_or(AugmentationLevel::standard)),
                            context.seed},
                  .validation = {}};
  const FeatureSet features = extractor.extract(train.dataset, train.contents, head.views, "features");
  head.validation = extract(extractor, context.data.validation, "validation");
  // A head to be trained on stays plain: the slope of the root has no bound at 0.
  head.settings.try_root = options.mode == Mode::head && features.features.min().item<float>() >= 0;
  head.fit = fit_with_progress(features, head.validation, head.settings);
  head.bundle.graph = replace_head(parent.graph, head.fit.spec);
  head.bundle.weights = extractor.backbone().weights;
  for (const auto& [name, tensor] : head.fit.weights) head.bundle.weights[name] = tensor;
  if (!ranges.empty()) {
    head.bundle.activation_ranges = calibrate_head(head.bundle.graph, head.bundle.weights, features);
    head.bundle.activation_ranges.insert(ranges.begin(), ranges.end());
  }
  return head;
}

// The backbone's pass over the images is nearly all there is to do, so it is made in the precision that is tried: a
// head is fitted to the very features that it will read. fp32 sees only the images of the check.
//
// int8, which often fails, is tried on a few training images before the pass over all others.
class HeadSearch {
  static constexpr double kProbeRegularisation = 1e-3;
  static constexpr std::size_t kProbed = 1000;

 public:
  HeadSearch(const Bundle& parent, const TrainingContext& context) : parent_(parent), context_(context) {}

  Candidate run() {
    const PrecisionChoice choice =
        search_precision(context_.options.precision, [this](Precision precision) { return attempt(precision); });
    const SplitData& data = context_.data;
    Candidate candidate{.bundle = std::move(head_->bundle), .curve = head_->fit.curve};
    Bundle& bundle = candidate.bundle;
    bundle.precision = choice.precision;
    bundle.precision_checks = choice.checks;
    candidate.validation = answer_features(bundle, choice.precision, head_->validation);
    bundle.temperature = fit_temperature(candidate.validation);
    candidate.reported = candidate.validation;
    if (data.test.dataset) {
      candidate.reported = answer_features(bundle, choice.precision, extract(*extractor_, data.test, "test"));
    }
    candidate.settings = to_json(head_->settings, head_->fit, head_->views);
    candidate.description =
        fmt::format("{} at {}, frozen, with a {} head fitted on its features", bundle.graph.architecture,
                    picture_size(bundle.preprocess), head_->settings.spec.hidden > 0 ? "two-layer" : "linear");
    return candidate;
  }

 private:
  PrecisionCheck attempt(Precision precision) {
    Backbone trunk = backbone_of(parent_, precision);
    if (precision == Precision::int8) ranges_ = calibrate(trunk, context_.data.train, context_.options.seed);
    trunk.ranges = ranges_;
    extractor_.emplace(std::move(trunk), context_.options.cache, context_.group);
    const bool worth_probing = context_.data.train.dataset->size() >= 2 * kProbed;
    if (precision == Precision::int8 && !context_.options.precision && worth_probing) {
      const PrecisionCheck first = probe(precision);
      if (!has_a_chance(first)) return first;
    }
    head_ = fit_on_features(parent_, *extractor_, ranges_, context_);
    return precision == Precision::fp32 ? PrecisionCheck{} : check(precision);
  }

  // The check of a head that is fitted to few images, and so decides less surely than the real one.
  PrecisionCheck probe(Precision precision) {
    const Part& train = context_.data.train;
    const FeatureSet few =
        extract(*extractor_, select(train, spread(train.dataset->size(), kProbed)), "sample in " + name_of(precision));
    const FeatureSet checked = extract(*extractor_, checked_, "check of " + name_of(precision));
    HeadSettings settings = head_settings(context_);
    settings.try_root = false;
    settings.regularisations = {kProbeRegularisation};
    const HeadFit head = fit_head(few, checked, settings);
    return agreed(
        compare(precision, answer(head.spec, head.weights, checked), answer(head.spec, head.weights, exact())));
  }

  PrecisionCheck check(Precision precision) {
    const std::vector<std::size_t> images = checked_images();
    return agreed(compare(precision, select(answer_features(head_->bundle, precision, head_->validation), images),
                          answer_features(head_->bundle, Precision::fp32, exact())));
  }

  // All ranks go on as the one that leads found.
  PrecisionCheck agreed(const PrecisionCheck& own) const {
    if (!context_.group || context_.group->size() == 1) return own;
    std::string text = graft::to_json(std::vector{own}).dump();
    context_.group->broadcast(text);
    return precision_checks_from_json(parse_json(text, "the check of rank 0"), "the check of rank 0").front();
  }

  std::vector<std::size_t> checked_images() const {
    return spread(context_.data.validation.dataset->size(), kMostChecked);
  }

  // The fp32 features of the images of the check.
  const FeatureSet& exact() {
    if (!exact_) {
      FeatureExtractor extractor(backbone_of(parent_, Precision::fp32), context_.options.cache, context_.group);
      exact_ = extract(extractor, checked_, "check in fp32");
    }
    return *exact_;
  }

  const Bundle& parent_;
  const TrainingContext& context_;
  Part checked_ = select(context_.data.validation, checked_images());
  std::optional<FeatureSet> exact_;
  ActivationRanges ranges_;  // empty unless int8 was tried
  std::optional<FeatureExtractor> extractor_;
  std::optional<FittedHead> head_;
};

bool leads(const TrainingContext& context) {
  return !context.group || context.group->leads();
}

// Trains `bundle`'s network on and puts the best weights into it.
void train_on(Candidate& candidate, const TrainerSettings& settings, const TrainingContext& context,
              const char* title) {
  make_folder(context.folder);
  Network network(candidate.bundle.graph, candidate.bundle.weights);
  network.move_to(device_of(context.options));
  const TrainingData data{context.data.train.dataset, context.data.validation.dataset, candidate.bundle.preprocess,
                          available_cores(), context.data.data_digest.dump()};
  std::optional<MetricLog> log;
  TrainControl control{.checkpoints = checkpoints_of(context.options, context.folder),
                       .checkpoint_every = std::chrono::milliseconds(
                           static_cast<std::int64_t>(context.options.checkpoint_minutes * 60'000)),
                       .resume = context.options.resume,
                       .deadline = context.deadline,
                       .stop = stop_on_signal(),
                       .title = title,
                       .group = context.group,
                       .elastic = is_elastic(context.options),
                       .overlap = context.options.overlap};
  control.begun = [&](std::int64_t step) {
    if (leads(context)) log.emplace(context.folder, step);
  };
  control.report = [&](const EpochReport& report) { log->add(report); };
  TrainOutcome outcome = train(network, data, settings, control);
  candidate.bundle.weights = std::move(outcome.weights);
  candidate.curve = std::move(outcome.curve);
  candidate.scaling = std::move(outcome.scaling);
}

Backbone whole_network(const Bundle& bundle, Precision precision) {
  return {bundle.graph, bundle.weights, bundle.preprocess, precision, bundle.activation_ranges};
}

Answers answers_of(FeatureExtractor& network, const Part& part, const std::string& title) {
  const FeatureSet logits = extract(network, part, title);
  const float* values = logits.features.data_ptr<float>();
  return {static_cast<std::size_t>(logits.features.size(1)), logits.labels,
          std::vector<float>(values, values + logits.features.numel())};
}

// What a network gets once it is trained: its precision, its temperature and the reported answers. Its answers are not
// cached: no other run has its weights.
void measure(Candidate& candidate, const TrainingContext& context) {
  Bundle& bundle = candidate.bundle;
  const SplitData& data = context.data;
  FeatureExtractor exact(whole_network(bundle, Precision::fp32), "");
  const Answers fp32 = answers_of(exact, data.validation, "validation");
  std::optional<FeatureExtractor> network;
  const PrecisionChoice choice = search_precision(context.options.precision, [&](Precision precision) {
    if (precision == Precision::int8) {
      bundle.activation_ranges = calibrate(exact.backbone(), data.train, context.options.seed);
    }
    network.emplace(whole_network(bundle, precision), "");
    candidate.validation =
        precision == Precision::fp32 ? fp32 : answers_of(*network, data.validation, "check of " + name_of(precision));
    return compare(precision, candidate.validation, fp32);
  });
  bundle.precision = choice.precision;
  bundle.precision_checks = choice.checks;
  bundle.temperature = fit_temperature(candidate.validation);
  candidate.reported = data.test.dataset ? answers_of(*network, data.test, "test") : candidate.validation;
}

// The recipe's settings where this device has its say.
TrainerSettings on_device(TrainerSettings settings, const TrainingContext& context) {
  settings.label_weights = label_weights(context);
  settings.mixed_precision = context.options.mixed_precision.value_or(computes_in_bf16(device_of(context.options)));
  return settings;
}

// Trains the candidate's network on, and measures it.
void train_and_measure(Candidate& candidate, const TrainerSettings& recipe, const TrainingContext& context,
                       const char* mode) {
  const TrainerSettings settings = on_device(recipe, context);
  if (leads(context)) spdlog::info("settings {}", to_json(settings).dump());
  train_on(candidate, settings, context, mode);
  if (leads(context)) measure(candidate, context);
  candidate.settings = to_json(settings);
  candidate.settings["mode"] = mode;
}

}  // namespace

Candidate train_head(const Bundle& parent, const TrainingContext& context) {
  const auto start = Clock::now();
  HeadSearch search(parent, context);
  Candidate candidate = search.run();
  if (leads(context)) MetricLog(context.folder).add(candidate.curve);
  candidate.seconds = seconds_since(start);
  return candidate;
}

Candidate train_finetune(const Bundle& parent, const TrainingContext& context) {
  const auto start = Clock::now();
  // Only where training begins: bf16 is near enough unless fp32 is asked for.
  const bool fp32 = context.options.precision == Precision::fp32 || !is_available(Precision::bf16);
  FeatureExtractor trunk(backbone_of(parent, fp32 ? Precision::fp32 : Precision::bf16), context.options.cache,
                         context.group);
  Candidate candidate{.bundle = fit_on_features(parent, trunk, {}, context).bundle, .curve = {}};
  const TrainerSettings settings = finetune_recipe(context.options, context.data.train.dataset->size(), context.seed);
  train_and_measure(candidate, settings, context, "finetune");
  candidate.description =
      fmt::format("{} at {}: the head first, then {} epochs from the top down", candidate.bundle.graph.architecture,
                  picture_size(candidate.bundle.preprocess), settings.epochs);
  candidate.seconds = seconds_since(start);
  return candidate;
}

Candidate train_scratch(const Graph& graph, const Preprocess& preprocess, const TrainingContext& context) {
  const auto start = Clock::now();
  Candidate candidate{.bundle = untrained_bundle(graph, preprocess, context.data), .curve = {}};
  candidate.bundle.weights = initial_weights(graph, context.seed);
  const TrainerSettings settings = scratch_recipe(context.options, context.data.train.dataset->size(), context.seed);
  train_and_measure(candidate, settings, context, "scratch");
  candidate.description = fmt::format("{} at {} from random weights, {} epochs", graph.architecture,
                                      picture_size(preprocess), settings.epochs);
  candidate.seconds = seconds_since(start);
  return candidate;
}

}  // namespace graft
