#include "learn/candidate.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "graph/surgery.h"
#include "learn/features.h"
#include "learn/loss.h"
#include "learn/metric_log.h"
#include "learn/network.h"
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

Backbone backbone_of(const Bundle& bundle) {
  const Graph graph = backbone(bundle.graph);
  return {graph, select_weights(graph, bundle.weights, bundle.graph.architecture), bundle.preprocess};
}

// The bundle's answers on a part. Features are cached only of a backbone that other runs will use too.
Answers answers_on(const Bundle& bundle, const Part& part, const std::filesystem::path& cache,
                   const std::string& title) {
  const FeatureSet set = extract_features(backbone_of(bundle), part.dataset, part.contents, {}, cache, title);
  Network head(head_only(bundle.graph), bundle.weights);
  const torch::Tensor logits = infer(head, set.features.unsqueeze(-1).unsqueeze(-1)).contiguous();
  Answers answers{bundle.labels.size(), set.labels, {}};
  answers.logits.assign(logits.data_ptr<float>(), logits.data_ptr<float>() + logits.numel());
  return answers;
}

// What every candidate gets once its weights are known: calibration and the reported answers.
void measure(Candidate& candidate, const SplitData& data, const std::filesystem::path& cache) {
  Bundle& bundle = candidate.bundle;
  bundle.labels = data.train.dataset->labels();
  candidate.validation = answers_on(bundle, data.validation, cache, "validation");
  bundle.temperature = fit_temperature(candidate.validation);
  candidate.reported = data.test.dataset ? answers_on(bundle, data.test, cache, "test") : candidate.validation;
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
};

FittedHead fit_on_features(const Bundle& parent, const TrainingContext& context) {
  const TrainOptions& options = context.options;
  const Backbone trunk = backbone_of(parent);
  FittedHead head{.bundle = parent,
                  .fit = {},
                  .settings = head_recipe(options, label_count(context.data), context.seed),
                  .views = {}};
  head.views = {options.views, augmentation_of(options.augmentation.value_or(AugmentationLevel::standard)),
                context.seed};
  head.settings.label_weights = label_weights(context);
  head.settings.deadline = context.deadline;
  const Part& train = context.data.train;
  const Part& validation = context.data.validation;
  const FeatureSet features =
      extract_features(trunk, train.dataset, train.contents, head.views, options.cache, "features");
  const FeatureSet held_out =
      extract_features(trunk, validation.dataset, validation.contents, {}, options.cache, "validation");
  // A head to be trained on stays plain: the slope of the root has no bound at 0.
  head.settings.try_root = options.mode == Mode::head && features.features.min().item<float>() >= 0;
  const auto passes = static_cast<std::uint64_t>(head.settings.epochs) * head.settings.regularisations.size() *
                      (head.settings.try_root ? 2 : 1);
  Progress progress("head", passes, "epochs");
  std::uint64_t done = 0;
  head.fit = fit_head(features, held_out, head.settings, [&](int, int, double right) {
    progress.update(++done, fmt::format("validation {:.3f}", right));
  });
  head.bundle.graph = replace_head(parent.graph, head.fit.spec);
  head.bundle.weights = trunk.weights;
  for (const auto& [name, tensor] : head.fit.weights) head.bundle.weights[name] = tensor;
  return head;
}

// Trains `bundle`'s network on and puts the best weights into it.
void train_on(Candidate& candidate, const TrainerSettings& settings, const TrainingContext& context,
              const char* title) {
  make_folder(context.folder);
  Network network(candidate.bundle.graph, candidate.bundle.weights);
  const TrainingData data{context.data.train.dataset, context.data.validation.dataset, candidate.bundle.preprocess,
                          available_cores(), context.data.data_digest.dump()};
  std::optional<MetricLog> log;
  TrainControl control{.checkpoint = context.folder / "checkpoint.safetensors",
                       .resume = context.options.resume,
                       .deadline = context.deadline,
                       .title = title,
                       .report = {},
                       .resumed = {}};
  control.resumed = [&](std::int64_t step) { log.emplace(context.folder, step); };
  control.report = [&](const EpochReport& report) {
    if (!log) log.emplace(context.folder);
    log->add(report);
  };
  TrainOutcome outcome = train(network, data, settings, control);
  candidate.bundle.weights = std::move(outcome.weights);
  candidate.curve = std::move(outcome.curve);
}

std::string picture_size(const Preprocess& p) {
  return fmt::format("{} x {}", p.width, p.height);
}

}  // namespace

Candidate train_head(const Bundle& parent, const TrainingContext& context) {
  const auto start = Clock::now();
  FittedHead head = fit_on_features(parent, context);
  MetricLog(context.folder).add(head.fit.curve);
  Candidate candidate{.bundle = std::move(head.bundle), .curve = head.fit.curve};
  measure(candidate, context.data, context.options.cache);
  candidate.settings = to_json(head.settings, head.fit, head.views);
  candidate.description =
      fmt::format("{} at {}, frozen, with a {} head fitted on its features", candidate.bundle.graph.architecture,
                  picture_size(candidate.bundle.preprocess), head.settings.spec.hidden > 0 ? "two-layer" : "linear");
  candidate.seconds = seconds_since(start);
  return candidate;
}

Candidate train_finetune(const Bundle& parent, const TrainingContext& context) {
  const auto start = Clock::now();
  FittedHead head = fit_on_features(parent, context);
  Candidate candidate{.bundle = std::move(head.bundle), .curve = {}};
  TrainerSettings settings = finetune_recipe(context.options, context.data.train.dataset->size(), context.seed);
  settings.label_weights = label_weights(context);
  train_on(candidate, settings, context, "finetune");
  measure(candidate, context.data, {});
  candidate.settings = to_json(settings);
  candidate.settings["mode"] = "finetune";
  candidate.description =
      fmt::format("{} at {}: the head first, then {} epochs from the top down", candidate.bundle.graph.architecture,
                  picture_size(candidate.bundle.preprocess), settings.epochs);
  candidate.seconds = seconds_since(start);
  return candidate;
}

Candidate train_scratch(const Graph& graph, const Preprocess& preprocess, const TrainingContext& context) {
  const auto start = Clock::now();
  Candidate candidate{.bundle = {}, .curve = {}};
  candidate.bundle.graph = graph;
  candidate.bundle.weights = initial_weights(graph, context.seed);
  candidate.bundle.preprocess = preprocess;
  TrainerSettings settings = scratch_recipe(context.options, context.data.train.dataset->size(), context.seed);
  settings.label_weights = label_weights(context);
  train_on(candidate, settings, context, "scratch");
  measure(candidate, context.data, {});
  candidate.settings = to_json(settings);
  candidate.settings["mode"] = "scratch";
  candidate.description = fmt::format("{} at {} from random weights, {} epochs", graph.architecture,
                                      picture_size(preprocess), settings.epochs);
  candidate.seconds = seconds_since(start);
  return candidate;
}

}  // namespace graft
