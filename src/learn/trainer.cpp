#include "learn/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/progress.h"
#include "dist/reducer.h"
#include "learn/checkpoint.h"
#include "learn/epoch.h"
#include "learn/layer_schedule.h"
#include "learn/shard.h"
#include "learn/step_loss.h"
#include "learn/time_sheet.h"
#include "learn/validation.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

// What all ranks know of a step at its end: each gives its part, the reducer sums them.
enum Total : std::size_t { kLoss, kRight, kImages, kCheckpoint, kWaiting, kStop, kTotals };

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// In the order in which a forward pass uses them.
std::vector<torch::Tensor> parameters_in_order(const Network& network) {
  std::vector<torch::Tensor> parameters;
  for (const WeightSpec& spec : weight_specs(network.graph())) {
    if (spec.role == Role::parameter) parameters.push_back(network.parameters().at(spec.name));
  }
  return parameters;
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
        group_(control.group ? *control.group : alone_),
        factors_(rate_factors(network.graph(), settings.block_decay)),
        steps_per_epoch_(
            static_cast<std::int64_t>(step_sizes(data.train->size(), static_cast<std::size_t>(settings.batch)).size())),
        progress_(control.title, data.train->size() * static_cast<std::uint64_t>(settings.epochs), "images") {
    state_.settings = fingerprint_of_run();
    state_.curve.seed = settings.seed;
    if (settings.average_decay > 0) {
      average_.emplace(network.graph(), network.weights());
      average_->move_to(network.device());
    }
    if (control.resume && !group_.outside()) restore();
  }

  TrainOutcome finish() {
    while (!try_to_finish()) {
    }
    network_.load(state_.best);
    return {state_.best, state_.curve, state_.epoch, sheet_.scaling()};
  }

 private:
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
    std::optional<TrainingState> saved = last_checkpoint(control_.checkpoints);
    if (!saved) return;
    if (saved->settings != state_.settings) {
      fail(Kind::conflict, control_.checkpoints.string(),
           " holds a checkpoint made with other settings; give the same ones, or start again without --resume");
    }
    take(std::move(*saved));
  }

  void take(TrainingState state) {
    state_ = std::move(state);
    network_.load(state_.weights);
    if (average_) average_->load(state_.average);
    progress_.begin_at(images_done());
    snapshot();
  }

  // False when a rank was lost, and those that are left have gone back to the last checkpoint.
  bool try_to_finish() {
    try {
      if (group_.outside()) regroup();
      if (snapshot_.settings.empty()) capture();
      synchronise();
      while (!state_.finished && state_.epoch < settings_.epochs && !stopped_ && !out_of_time()) run_epoch();
      if (stopped_) end_early();
      return true;
    } catch (const MemberLost& lost) {
      // The thread that sums must not see the next group.
      reducer_.reset();
      if (!control_.elastic) throw;
      spdlog::warn("{}; going on from step {} with those that are left", lost.what(), snapshot_.step);
      regroup();
      return false;
    }
  }

  void regroup() {
    if (!group_.regroup("training")) throw NotAtOnePoint();
  }

  // All go on from the checkpoint of the one that has the newest.
  void synchronise() {
    reducer_.reset();
    if (group_.size() > 1) {
      take(newest_snapshot());
    } else if (control_.elastic) {
      take(snapshot_);
    }
    if (control_.begun) control_.begun(state_.step);
  }

  TrainingState newest_snapshot() {
    group_.at(snapshot_.step, "first broadcast");
    const std::vector<std::string> steps = group_.gather(std::to_string(snapshot_.step));
    int newest = 0;
    for (int rank = 0; rank < group_.size(); ++rank) {
      const auto step = [&](int r) { return std::stoll(steps[static_cast<std::size_t>(r)]); };
      if (step(rank) > step(newest)) newest = rank;
    }
    std::string state = newest == group_.rank() ? encode(snapshot_) : "";
    group_.broadcast(state, newest);
    TrainingState received = decode_state(std::move(state), "the state that rank " + std::to_string(newest) + " sent");
    require(received.settings == state_.settings, "rank ", newest,
            " trains with other settings or images than this one: start all with the same command and data");
    return received;
  }

  // What a part of an epoch has learned is for the run that goes on from the checkpoint; in the first it is all there
  // is.
  void end_early() {
    checkpoint(false);
    if (state_.epoch > 0) return;
    EpochReport report;
    validate(report);
  }

  // One that leads looks at the clock, and all do as it says.
  bool out_of_time() {
    if (state_.epoch == 0 || control_.deadline == Clock::time_point::max()) return false;
    std::string word = Clock::now() >= control_.deadline ? "stop" : "go on";
    group_.broadcast(word);
    return word == "stop";
  }

  std::int64_t epoch_step() const { return state_.step - state_.epoch * steps_per_epoch_; }

  std::uint64_t images_done() const {
    return static_cast<std::uint64_t>(state_.epoch) * data_.train->size() +
           static_cast<std::uint64_t>(std::llround(state_.sums.images));
  }

  double learning_rate() const {
    const auto warm_up = static_cast<std::int64_t>(settings_.warm_up_epochs * static_cast<double>(steps_per_epoch_));
    return settings_.optimizer.learning_rate *
           schedule_factor(settings_.schedule, state_.step, steps_per_epoch_ * settings_.epochs, warm_up);
  }

  // An epoch, or what is left of one. Returns early when another group goes on with it.
  void run_epoch() {
    const auto start = Clock::now();
    network_.freeze(frozen_in(network_.graph(), settings_, state_.epoch));
    reducer_.emplace(group_, parameters_in_order(network_),
                     ReducerOptions{.overlap = control_.overlap, .bf16 = settings_.compress});
    const Peer& self = group_.roster().peers[static_cast<std::size_t>(group_.rank())];
    times_ = {.rank = self.rank, .host = self.host};
    EpochReport report{.epoch = state_.epoch + 1, .epochs = settings_.epochs, .learning_rate = learning_rate()};
    const double images_before = state_.sums.images;
    const bool whole = train_epoch();
    if (reducer_) timeline_ = reducer_->times();
    reducer_.reset();
    if (!whole) return;
    const EpochSums sums = state_.sums;
    validate(report);
    report.images_per_second =
        (sums.images - images_before + static_cast<double>(data_.validation->size())) / seconds_since(start);
    note_ = note_of(report);
    progress_.update(images_done(), note_);
    // Before the checkpoint: what is reported twice can be told by its step, what is never reported is lost.
    if (control_.report && group_.leads()) control_.report(report);
    checkpoint(waiting_);
  }

  void validate(EpochReport& report) {
    group_.at(state_.step, "validation");
    average_statistics();
    Network& validated = average_ ? *average_ : network_;
    const Answers answers =
        answer(validated, data_.validation, data_.preprocess, data_.threads, group_, settings_.mixed_precision);
    const double images = std::max(state_.sums.images, 1.0);
    report.step = state_.step;
    report.train_loss = state_.sums.loss / images;
    report.train_accuracy = state_.sums.right / images;
    report.validation_loss = log_loss(answers);
    report.validation_accuracy = accuracy(answers);
    report.ranks = sheet_.close(times_, timeline_, group_);
    keep(report, validated);
  }

  // Without synchronised batch norm each rank has gathered statistics of its own images.
  void average_statistics() {
    if (settings_.synchronise) return;
    network_.average_statistics(group_);
    if (average_) average_->average_statistics(group_);
  }

  // The steps of the epoch that are left. False when another group goes on with them.
  bool train_epoch() {
    const auto batch_size = static_cast<std::size_t>(settings_.batch);
    const std::vector<std::size_t> order = order_of(data_, settings_, state_.epoch);
    const auto first = static_cast<std::size_t>(epoch_step());
    const Shard shard = shard_of(order, batch_size, first, group_.rank(), group_.size());
    if (shard.steps.empty()) return true;
    Loader loader = batches_of(data_, settings_, state_.epoch, shard);
    Batch batch;
    for (std::size_t i = 0; i < shard.steps.size(); ++i) {
      group_.at(state_.step, "training");
      auto start = Clock::now();
      loader.next(batch);
      times_.data += seconds_since(start);
      start = Clock::now();
      const std::size_t begin = (first + i) * batch_size;
      const std::vector<double> totals = step(batch, shard.steps[i], labels_at(data_, order, begin, shard.steps[i].of));
      times_.compute += seconds_since(start) - reducer_->times().exposed;
      times_.exposed += reducer_->times().exposed;
      times_.communication += reducer_->times().communication;
      times_.images += static_cast<double>(shard.steps[i].images());
      progress_.update(images_done(), note_);
      waiting_ = totals[kWaiting] > 0;
      const bool last = i + 1 == shard.steps.size();
      stopped_ = totals[kStop] > 0;
      if (stopped_ && !last) return false;
      if (!last && totals[kCheckpoint] > 0 && checkpoint(waiting_)) return false;
    }
    return true;
  }

  // `all`: the labels of the whole step.
  std::vector<double> step(Batch& batch, const Share& share, const std::vector<int>& all) {
    const auto number = static_cast<std::uint64_t>(state_.step);
    const StepKeys keys{derive(key_of(settings_, Draw::mixup, state_.epoch), number),
                        derive(key_of(settings_, Draw::dropout, state_.epoch), number)};
    const StepLoss result = compute_loss(network_, settings_, images_of(batch, data_.preprocess, network_.device()),
                                         {batch.labels, all, data_.train->labels().size()}, share, keys, group_);
    std::vector<double> totals(kTotals);
    totals[kLoss] = result.loss.item<double>();
    totals[kRight] = result.right;
    totals[kImages] = share.weight * static_cast<double>(share.images());
    if (group_.leads()) {
      totals[kCheckpoint] = Clock::now() - saved_at_ >= control_.checkpoint_every;
      totals[kWaiting] = group_.someone_waits();
    }
    totals[kStop] = control_.stop && control_.stop();
    reducer_->backward(result.loss, totals);
    update(totals);
    return totals;
  }

  void update(const std::vector<double>& totals) {
    require(std::isfinite(totals[kLoss]), "the loss is not a number at step ", state_.step + 1,
            "; lower --learning-rate");
    const double rate = learning_rate();
    optimizer_step(
        settings_.optimizer, network_.parameters(), [&](const std::string& name) { return rate * factors_.at(name); },
        state_.optimizer);
    ++state_.step;
    if (average_) average_->follow(network_, settings_.average_decay, state_.step);
    state_.sums.loss += totals[kLoss] * totals[kImages];
    state_.sums.right += totals[kRight];
    state_.sums.images += totals[kImages];
  }

  void keep(const EpochReport& report, const Network& validated) {
    ++state_.epoch;
    state_.sums = {};
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

  // Saves where training stands; then lets those in that wait to take part. True when another group goes on.
  bool checkpoint(bool others_wait) {
    group_.at(state_.step, "checkpoint");
    average_statistics();
    if (control_.elastic || (group_.leads() && !control_.checkpoints.empty())) capture();
    if (group_.leads() && !control_.checkpoints.empty()) write_checkpoint(control_.checkpoints, state_);
    saved_at_ = Clock::now();
    if (!control_.elastic || !others_wait || state_.finished) return false;
    reducer_.reset();
    regroup();
    synchronise();
    spdlog::info("{} ranks train from step {} on", group_.size(), state_.step);
    return true;
  }

  void capture() {
    state_.weights = network_.weights();
    if (average_) state_.average = average_->weights();
    snapshot();
  }

  // What all go back to when a rank is lost; the optimizer goes on changing its tensors in place.
  void snapshot() {
    snapshot_ = state_;
    for (Tensors* tensors : {&snapshot_.optimizer.first, &snapshot_.optimizer.second}) {
      for (auto& [name, tensor] : *tensors) tensor = tensor.clone();
    }
  }

  Group alone_;
  Network& network_;
  const TrainingData& data_;
  const TrainerSettings& settings_;
  const TrainControl& control_;
  Group& group_;
  std::map<std::string, double> factors_;
  std::int64_t steps_per_epoch_;
  std::optional<Network> average_;
  std::optional<Reducer> reducer_;
  TrainingState state_, snapshot_;
  Clock::time_point saved_at_ = Clock::now();
  RankTime times_;      // this rank's, of the epoch
  StepTimes timeline_;  // of its last step
  TimeSheet sheet_;
  bool waiting_ = false;  // ranks want to get in, as of the last step
  bool stopped_ = false;  // one of the ranks was asked to end training, as of the last step
  Progress progress_;
  std::string note_;
};

}  // namespace

TrainOutcome train(Network& network, const TrainingData& data, const TrainerSettings& settings,
                   const TrainControl& control) {
  require(settings.epochs > 0, "--epochs is at least 1, not ", settings.epochs);
  require(settings.batch > 1, "--batch is at least 2, not ", settings.batch);
  const int ranks = control.group ? control.group->size() : 1;
  require(settings.batch >= 2 * ranks, "--batch ", settings.batch, " is less than two images for each of ", ranks,
          " ranks: pass a larger one");
  return Run(network, data, settings, control).finish();
}

}  // namespace graft
