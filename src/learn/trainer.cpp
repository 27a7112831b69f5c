#include "learn/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "data/loader.h"
#include "graph/surgery.h"
#include "learn/checkpoint.h"
#include "learn/loss.h"

namespace graft {
namespace {

constexpr double kAuxiliaryWeight = 0.4;  // Szegedy et al.
constexpr std::size_t kValidationBatch = 64;
constexpr std::size_t kBatchesAhead = 4;

// What a seed's random numbers are drawn for.
enum Stream : std::uint64_t { kOrder, kAugment, kMixup, kDropout };

Key stream_key(std::uint64_t seed, Stream stream, int epoch) {
  return derive(derive(Key{seed}, stream), static_cast<std::uint64_t>(epoch));
}

std::size_t pixels_of(const Preprocess& p) {
  return static_cast<std::size_t>(3 * p.width * p.height);
}

torch::Tensor images_of(Batch& batch, const Preprocess& p) {
  return torch::from_blob(batch.pixels.data(), {static_cast<std::int64_t>(batch.labels.size()), 3, p.height, p.width});
}

torch::Tensor labels_of(const Batch& batch) {
  return torch::tensor(std::vector<std::int64_t>(batch.labels.begin(), batch.labels.end()));
}

// The rate of each parameter: the further its block is below the head, the lower.
std::map<std::string, double> rate_factors(const Graph& graph, double block_decay) {
  const std::vector<std::string> names = blocks(graph);
  std::map<std::string, double> factors;
  for (const WeightSpec& spec : weight_specs(graph)) {
    const std::string& block = graph.nodes[static_cast<std::size_t>(spec.node)].block;
    const auto below = names.end() - std::find(names.begin(), names.end(), block) - 1;
    factors[spec.name] = std::pow(block_decay, static_cast<double>(below));
  }
  return factors;
}

// "epoch 3/30  loss 0.412  validation 0.93": what stands behind the bar.
std::string note_of(const EpochReport& r) {
  return fmt::format("epoch {}/{}  loss {:.3f}  validation {:.3f}", r.epoch, r.epochs, r.train_loss,
                     r.validation_accuracy);
}

// A running training: the loop's state and its steps.
class Run {
 public:
  Run(Network& network, const TrainingData& data, const TrainerSettings& settings, const TrainControl& control)
      : network_(network),
        data_(data),
        settings_(settings),
        control_(control),
        factors_(rate_factors(network.graph(), settings.block_decay)),
        labels_(static_cast<std::int64_t>(data.train->labels().size())),
        steps_per_epoch_(count_steps(data.train->size(), settings.batch)),
        progress_(control.title, data.train->size() * static_cast<std::uint64_t>(settings.epochs), "images") {
    if (!settings.label_weights.empty()) label_weights_ = torch::tensor(settings.label_weights);
    state_.settings = fingerprint_of_run();
    state_.curve.seed = settings.seed;
    if (settings.average_decay > 0) average_.emplace(network.graph(), network.weights());
    if (control.resume) restore();
  }

  TrainOutcome finish() {
    while (!state_.finished && state_.epoch < settings_.epochs) {
      if (state_.epoch > 0 && std::chrono::steady_clock::now() >= control_.deadline) break;
      run_epoch();
    }
    network_.load(state_.best);
    return {state_.best, state_.curve, answer(network_, data_.validation, data_.preprocess, data_.threads),
            state_.epoch};
  }

 private:
  static std::int64_t count_steps(std::size_t images, int batch) {
    const auto size = static_cast<std::size_t>(batch);
    return static_cast<std::int64_t>(images / size + (images % size > 1));
  }

  // What must be equal for a checkpoint to be of this run.
  std::string fingerprint_of_run() const {
    OrderedJson json = to_json(settings_);
    json["architecture"] = network_.graph().architecture;
    json["images"] = data_.train->size();
    json["data"] = data_.digest;
    json["size"] = {data_.preprocess.width, data_.preprocess.height};
    return json.dump();
  }

  void restore() {
    std::optional<TrainingState> saved = read_checkpoint_file(control_.checkpoint);
    if (!saved) return;
    if (saved->settings != state_.settings) {
      fail(Kind::conflict, control_.checkpoint.string(),
           " was made with other settings; give the same ones, or start again without --resume");
    }
    state_ = std::move(*saved);
    network_.load(state_.weights);
    if (average_) average_->load(state_.average);
    progress_.begin_at(images_before());
    if (control_.resumed) control_.resumed(state_.step);
  }

  // Images of the epochs that are done.
  std::uint64_t images_before() const { return static_cast<std::uint64_t>(state_.epoch) * data_.train->size(); }

  double learning_rate() const {
    const auto warm_up = static_cast<std::int64_t>(settings_.warm_up_epochs * static_cast<double>(steps_per_epoch_));
    return settings_.optimizer.learning_rate *
           schedule_factor(settings_.schedule, state_.step, steps_per_epoch_ * settings_.epochs, warm_up);
  }

  struct EpochSums {
    double loss = 0;
    std::size_t right = 0, images = 0;
  };

  void run_epoch() {
    const auto start = std::chrono::steady_clock::now();
    network_.freeze(frozen_in(network_.graph(), settings_, state_.epoch));
    EpochReport report{.epoch = state_.epoch + 1, .epochs = settings_.epochs, .learning_rate = learning_rate()};
    const EpochSums sums = train_epoch();
    Network& validated = average_ ? *average_ : network_;
    const Answers answers = answer(validated, data_.validation, data_.preprocess, data_.threads);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double images = static_cast<double>(std::max<std::size_t>(sums.images, 1));
    report.step = state_.step;
    report.train_loss = sums.loss / images;
    report.train_accuracy = static_cast<double>(sums.right) / images;
    report.validation_loss = log_loss(answers);
    report.validation_accuracy = accuracy(answers);
    report.images_per_second = static_cast<double>(sums.images + answers.images()) / seconds;
    keep(report, validated);
    note_ = note_of(report);
    progress_.update(images_before(), note_);
    // Before the checkpoint: what is reported twice can be told by its step, what is never reported is lost.
    if (control_.report) control_.report(report);
    save();
  }

  EpochSums train_epoch() {
    const Key augment_key = stream_key(settings_.seed, kAugment, state_.epoch);
    const auto transform = [&, augment_key](const Sample& sample, std::size_t index, std::span<float> out) {
      const Image image = decode(sample.content, decode_options(settings_.augmentation, data_.preprocess));
      normalise(augment(image, settings_.augmentation, data_.preprocess, derive(augment_key, index)), data_.preprocess,
                out);
    };
    Loader loader(data_.train, permutation(data_.train->size(), stream_key(settings_.seed, kOrder, state_.epoch)),
                  {.batch = static_cast<std::size_t>(settings_.batch),
                   .floats_per_sample = pixels_of(data_.preprocess),
                   .threads = data_.threads,
                   .ahead = kBatchesAhead},
                  transform);
    EpochSums sums;
    Batch batch;
    while (loader.next(batch)) {
      if (batch.labels.size() > 1 || data_.train->size() == 1) step(batch, sums);
      progress_.update(images_before() + sums.images, note_);
    }
    return sums;
  }

  void step(Batch& batch, EpochSums& sums) {
    const auto number = static_cast<std::uint64_t>(state_.step);
    torch::manual_seed(derive(stream_key(settings_.seed, kDropout, state_.epoch), number).value);
    const torch::Tensor labels = labels_of(batch);
    torch::Tensor images = images_of(batch, data_.preprocess);
    torch::Tensor targets = smooth_targets(labels, labels_, settings_.label_smoothing);
    if (settings_.mixup > 0) {
      Mixed mixed =
          mixup(images, targets, settings_.mixup, derive(stream_key(settings_.seed, kMixup, state_.epoch), number));
      images = mixed.images;
      targets = mixed.targets;
    }
    const Network::Output out = network_.forward(images, true);
    torch::Tensor loss = cross_entropy(out.logits, targets, label_weights_);
    if (out.auxiliary.defined()) loss = loss + kAuxiliaryWeight * cross_entropy(out.auxiliary, targets, label_weights_);
    loss.backward();
    const double rate = learning_rate();
    optimizer_step(
        settings_.optimizer, network_.parameters(), [&](const std::string& name) { return rate * factors_.at(name); },
        state_.optimizer);
    ++state_.step;
    if (average_) average_->follow(network_, settings_.average_decay, state_.step);
    const double value = loss.item<double>();
    require(std::isfinite(value), "the loss is not a number at step ", state_.step, "; lower --learning-rate");
    sums.loss += value * static_cast<double>(batch.labels.size());
    sums.right += static_cast<std::size_t>((out.logits.argmax(1) == labels).sum().item<std::int64_t>());
    sums.images += batch.labels.size();
  }

  void keep(const EpochReport& report, const Network& validated) {
    ++state_.epoch;
    state_.curve.points.push_back({static_cast<double>(report.step), report.train_loss, report.train_accuracy,
                                   report.validation_loss, report.validation_accuracy});
    const bool better =
        report.validation_accuracy > state_.best_accuracy ||
        (report.validation_accuracy == state_.best_accuracy && report.validation_loss < state_.best_loss);
    if (better) {
      state_.best = validated.weights();
      state_.best_accuracy = report.validation_accuracy;
      state_.best_loss = report.validation_loss;
      state_.best_epoch = state_.epoch;
      state_.curve.best_step = static_cast<double>(report.step);
    }
    const bool tired = settings_.patience > 0 && state_.epoch - state_.best_epoch >= settings_.patience;
    state_.finished = tired || state_.epoch >= settings_.epochs;
  }

  void save() {
    if (control_.checkpoint.empty()) return;
    state_.weights = network_.weights();
    if (average_) state_.average = average_->weights();
    write_checkpoint(control_.checkpoint, state_);
  }

  Network& network_;
  const TrainingData& data_;
  const TrainerSettings& settings_;
  const TrainControl& control_;
  std::map<std::string, double> factors_;
  std::int64_t labels_, steps_per_epoch_;
  torch::Tensor label_weights_;
  std::optional<Network> average_;
  TrainingState state_;
  Progress progress_;
  std::string note_;
};

}  // namespace

std::vector<bool> frozen_in(const Graph& graph, const TrainerSettings& settings, int epoch) {
  std::vector<bool> frozen = freeze_up_to(graph, settings.freeze_to);
  if (!settings.gradual) return frozen;
  const std::vector<std::string> names = blocks(graph);  // the last is the head
  const std::size_t phase =
      std::min<std::size_t>(2, static_cast<std::size_t>(3 * epoch / std::max(1, settings.epochs)));
  const std::size_t below = (names.size() - 1) * (2 - phase) / 3;
  if (below == 0) return frozen;
  const std::vector<bool> lower = freeze_up_to(graph, names[below - 1]);
  for (std::size_t i = 0; i < frozen.size(); ++i) frozen[i] = frozen[i] || lower[i];
  return frozen;
}

TrainOutcome train(Network& network, const TrainingData& data, const TrainerSettings& settings,
                   const TrainControl& control) {
  require(settings.epochs > 0, "--epochs is at least 1, not ", settings.epochs);
  require(settings.batch > 1, "--batch is at least 2, not ", settings.batch);
  return Run(network, data, settings, control).finish();
}

Answers answer(Network& network, const DatasetPtr& dataset, const Preprocess& preprocess, std::size_t threads) {
  std::vector<std::size_t> order(dataset->size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Loader loader(dataset, std::move(order),
                {.batch = kValidationBatch,
                 .floats_per_sample = pixels_of(preprocess),
                 .threads = threads,
                 .ahead = kBatchesAhead},
                [&](const Sample& sample, std::size_t, std::span<float> out) {
                  preprocess_file(sample.content, preprocess, out);
                });
  Answers answers{dataset->labels().size(), {}, {}};
  Batch batch;
  while (loader.next(batch)) {
    const torch::Tensor logits = infer(network, images_of(batch, preprocess)).contiguous();
    answers.truth.insert(answers.truth.end(), batch.labels.begin(), batch.labels.end());
    answers.logits.insert(answers.logits.end(), logits.data_ptr<float>(), logits.data_ptr<float>() + logits.numel());
  }
  return answers;
}

}  // namespace graft
