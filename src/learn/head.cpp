#include "learn/head.h"

#include <torch/optim/lbfgs.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "learn/head_objective.h"
#include "learn/loss.h"
#include "learn/network.h"
#include "learn/optimizer.h"
#include "recipe/schedule.h"

namespace graft {
namespace {

// L-BFGS stops when so many steps in a row improve the loss by less than this share.
constexpr double kConverged = 1e-3;
constexpr int kConvergedSteps = 3;
constexpr std::int64_t kHiddenBatch = 64;
constexpr double kHiddenRate = 2e-3;

Weights named(const LinearHead& raw) {
  return {{"head.output.weight", from_torch(raw.weight)}, {"head.output.bias", from_torch(raw.bias)}};
}

// Of a head with a hidden layer.
torch::Tensor logits_of(const HeadSpec& spec, const Weights& head, const torch::Tensor& features) {
  const torch::Tensor hidden = torch::relu(torch::addmm(to_torch(head.at("head.hidden.bias")), taken(features, spec),
                                                        to_torch(head.at("head.hidden.weight")).t()));
  return torch::addmm(to_torch(head.at("head.output.bias")), hidden, to_torch(head.at("head.output.weight")).t());
}

// A fit of one strength of regularisation.
struct Attempt {
  Weights weights;
  Curve curve;
  HeadTrial trial;
};

// Keeps the epoch with the least validation loss.
class Selection {
 public:
  Selection(const FeatureSet& validation, const HeadSpec& spec, double regularisation)
      : validation_(validation), spec_(spec) {
    best_.trial = {spec.root, regularisation, std::numeric_limits<double>::infinity(), 0, 0};
  }

  double offer(const Weights& weights, int epoch, double train_loss) {
    const Answers answers = answer(spec_, weights, validation_);
    const double loss = log_loss(answers), right = accuracy(answers);
    constexpr double kUnmeasured = std::numeric_limits<double>::quiet_NaN();
    best_.curve.points.push_back({static_cast<double>(epoch), train_loss, kUnmeasured, loss, right});
    if (loss < best_.trial.validation_loss) {
      best_.weights = weights;
      best_.trial.validation_loss = loss;
      best_.trial.validation_accuracy = right;
      best_.trial.epochs = epoch;
      best_.curve.best_step = epoch;
    }
    return right;
  }
  Attempt take() { return std::move(best_); }

 private:
  const FeatureSet& validation_;
  const HeadSpec& spec_;
  Attempt best_;
};

Attempt fit_linear(const Objective& objective, const FeatureSet& validation, const HeadSettings& settings,
                   double regularisation, LinearHead& head, const HeadProgress& progress) {
  LinearHead gradient;
  int epochs = 0;
  double loss = 0;
  const auto closure = [&] {
    ++epochs;
    loss = objective.evaluate(head, gradient, regularisation);
    head.weight.mutable_grad() = gradient.weight;
    head.bias.mutable_grad() = gradient.bias;
    return torch::tensor(loss);
  };
  torch::optim::LBFGS solver({head.weight, head.bias},
                             torch::optim::LBFGSOptions(1).max_iter(1).history_size(10).line_search_fn("strong_wolfe"));
  Selection selection(validation, settings.spec, regularisation);
  double previous = std::numeric_limits<double>::infinity();
  int still = 0;
  while (epochs < settings.epochs && std::chrono::steady_clock::now() < settings.deadline) {
    const double before = solver.step(closure).item<double>();
    const double right = selection.offer(named(head.on_raw(objective.standard())), epochs, loss);
    if (progress) progress(epochs, settings.epochs, right);
    still = previous - before < kConverged * std::abs(before) ? still + 1 : 0;
    if (still == kConvergedSteps) break;
    previous = before;
  }
  return selection.take();
}

// Uniform by fan-in, as PyTorch begins linear layers: [rows, columns].
torch::Tensor uniform_tensor(std::int64_t rows, std::int64_t columns, Key key) {
  torch::Tensor tensor = torch::empty({rows, columns});
  const double bound = 1 / std::sqrt(static_cast<double>(columns));
  Random random(key);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(random.uniform(-bound, bound));
  return tensor;
}

Attempt fit_hidden(const Objective& objective, const FeatureSet& train, const FeatureSet& validation,
                   const HeadSettings& settings, double regularisation, const HeadProgress& progress) {
  const auto uniform = [&](std::int64_t rows, std::int64_t columns, std::uint64_t number) {
    return uniform_tensor(rows, columns, derive(Key{settings.seed}, number)).set_requires_grad(true);
  };
  const std::int64_t length = train.features.size(1), units = settings.spec.hidden;
  const Tensors parameters{{"head.hidden.weight", uniform(units, length, 1)},
                           {"head.hidden.bias", torch::zeros({units}, torch::requires_grad())},
                           {"head.output.weight", uniform(settings.spec.labels, units, 2)},
                           {"head.output.bias", torch::zeros({settings.spec.labels}, torch::requires_grad())}};
  const auto layer = [&](const std::string& name, const torch::Tensor& x) {
    return torch::linear(x, parameters.at(name + ".weight"), parameters.at(name + ".bias"));
  };
  torch::manual_seed(settings.seed);  // dropout's
  const OptimizerSettings optimizer{.method = OptimizerSettings::Method::adamw, .weight_decay = 10 * regularisation};
  OptimizerState state;
  const std::int64_t rows = train.features.size(0), steps = (rows + kHiddenBatch - 1) / kHiddenBatch;
  const Standard& standard = objective.standard();
  const auto value = [&](const char* name) { return parameters.at(name).detach(); };
  const auto current = [&] {
    const LinearHead raw = LinearHead{value("head.hidden.weight"), value("head.hidden.bias")}.on_raw(standard);
    Weights weights = named({value("head.output.weight"), value("head.output.bias")});
    weights["head.hidden.weight"] = from_torch(raw.weight);
    weights["head.hidden.bias"] = from_torch(raw.bias);
    return weights;
  };
  Selection selection(validation, settings.spec, regularisation);
  for (int epoch = 0; epoch < settings.epochs && std::chrono::steady_clock::now() < settings.deadline; ++epoch) {
    const auto order =
        permutation(static_cast<std::size_t>(rows), derive(Key{settings.seed}, static_cast<std::uint64_t>(epoch)));
    const torch::Tensor indices = torch::tensor(std::vector<std::int64_t>(order.begin(), order.end()));
    double sum = 0;
    for (std::int64_t step = 0; step < steps; ++step) {
      const torch::Tensor rows_of_step =
          indices.slice(0, step * kHiddenBatch, std::min(rows, (step + 1) * kHiddenBatch));
      torch::Tensor x = (taken(train.features.index_select(0, rows_of_step), settings.spec) - standard.mean) *
                        standard.inverse_deviation;
      x = torch::dropout(torch::relu(layer("head.hidden", x)), settings.spec.dropout, true);
      const torch::Tensor loss =
          cross_entropy(layer("head.output", x), objective.targets().index_select(0, rows_of_step), {});
      loss.backward();
      const double factor = schedule_factor(Schedule::one_cycle, epoch * steps + step, settings.epochs * steps, 0);
      optimizer_step(
          optimizer, parameters, [&](const std::string&) { return kHiddenRate * factor; }, state);
      sum += loss.item<double>();
    }
    const double right = selection.offer(current(), epoch + 1, sum / static_cast<double>(steps));
    if (progress) progress(epoch + 1, settings.epochs, right);
  }
  return selection.take();
}

// Fits every strength of regularisation, each from where the one before ended; keeps the best in `fit`.
void try_all(const FeatureSet& train, const FeatureSet& validation, const HeadSettings& settings,
             const HeadProgress& progress, HeadFit& fit) {
  const Objective objective(train, settings);
  LinearHead head{torch::zeros({settings.spec.labels, train.features.size(1)}), torch::zeros({settings.spec.labels})};
  for (double regularisation : settings.regularisations) {
    Attempt attempt = settings.spec.hidden > 0
                          ? fit_hidden(objective, train, validation, settings, regularisation, progress)
                          : fit_linear(objective, validation, settings, regularisation, head, progress);
    fit.trials.push_back(attempt.trial);
    if (attempt.trial.validation_loss >= fit.kept.validation_loss) continue;
    fit.kept = attempt.trial;
    fit.spec = settings.spec;
    fit.weights = std::move(attempt.weights);
    fit.curve = std::move(attempt.curve);
  }
}

}  // namespace

Answers answer(const HeadSpec& spec, const Weights& head, const FeatureSet& set) {
  const auto labels = static_cast<std::size_t>(spec.labels);
  Answers out{labels, set.labels, std::vector<float>(set.labels.size() * labels)};
  const torch::Tensor target =
      torch::from_blob(out.logits.data(), {static_cast<std::int64_t>(set.labels.size()), spec.labels});
  if (!head.contains("head.hidden.weight")) {
    linear_logits(set.features, spec, {to_torch(head.at("head.output.weight")), to_torch(head.at("head.output.bias"))},
                  target);
    return out;
  }
  constexpr std::int64_t kRows = 4096;
  const std::int64_t rows = target.size(0);
  for (std::int64_t begin = 0; begin < rows; begin += kRows) {
    const std::int64_t end = std::min(rows, begin + kRows);
    target.slice(0, begin, end).copy_(logits_of(spec, head, set.features.slice(0, begin, end)));
  }
  return out;
}

HeadFit fit_head(const FeatureSet& train, const FeatureSet& validation, const HeadSettings& settings,
                 const HeadProgress& progress) {
  require(train.features.size(0) == static_cast<std::int64_t>(train.labels.size()), "there are ", train.labels.size(),
          " labels for ", train.features.size(0), " features");
  HeadFit fit;
  fit.kept.validation_loss = std::numeric_limits<double>::infinity();
  HeadSettings rooted = settings;
  rooted.spec.root = true;
  if (!settings.spec.root) try_all(train, validation, settings, progress, fit);
  if (settings.spec.root || settings.try_root) try_all(train, validation, rooted, progress, fit);
  require(!fit.weights.empty(), "the head did not fit: its validation loss was never a number");
  fit.curve.seed = settings.seed;
  fit.validation = answer(fit.spec, fit.weights, validation);
  return fit;
}

}  // namespace graft
