#include "recipe/recipe.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "recipe/recipe_text.h"

namespace graft {
namespace {

using Method = OptimizerSettings::Method;

// A run sees about this many images, within the bounds: few images are seen often, many only a few times.
int epochs_for(std::size_t images, double images_seen, int least, int most) {
  const double epochs = std::round(images_seen / static_cast<double>(std::max<std::size_t>(images, 1)));
  return std::clamp(static_cast<int>(std::min(epochs, 1e6)), least, most);
}

// The rate for steps of `batch` images where the recipe's is for `base`: in proportion with SGD (Goyal et al., 2017),
// by the root with Adam, whose step does not grow with the gradient (Malladi et al., 2022).
double scaled(const OptimizerSettings& optimizer, int batch, int base) {
  const double factor = static_cast<double>(batch) / base;
  return optimizer.learning_rate * (optimizer.method == Method::sgd ? factor : std::sqrt(factor));
}

// The recipe's fields in a run of `mode`: none in the run that a transfer is compared with.
Json recipe_fields(const TrainOptions& options, Mode mode) {
  if (!options.recipe || options.mode != mode) return Json::object();
  Json fields = training_fields(*options.recipe);
  const Method method = optimizer_words().at(fields.value("optimizer", "adamw"));
  // Another method's rate, momentum and decay mean nothing to this one.
  if (options.optimizer && *options.optimizer != method) {
    for (const char* name : {"optimizer", "learning_rate", "momentum", "weight_decay"}) fields.erase(name);
  }
  return fields;
}

Method method_of(const TrainOptions& options, const Json& fields) {
  return options.optimizer.value_or(optimizer_words().at(fields.value("optimizer", "adamw")));
}

TrainerSettings with_recipe(TrainerSettings settings, const Json& fields, const TrainOptions& options) {
  return fields.empty() ? settings : settings_from_json(fields, std::move(settings), options.recipe->source);
}

void apply(const TrainOptions& options, TrainerSettings& s) {
  s.epochs = options.epochs.value_or(s.epochs);
  const int base = s.batch;
  s.batch = options.batch.value_or(s.batch * options.ranks);
  s.optimizer.learning_rate = scaled(s.optimizer, s.batch, base);
  // A rate that is larger than the recipe's is not for random weights.
  if (s.batch > base) s.warm_up_epochs = std::max(s.warm_up_epochs, std::min(5.0, 0.1 * s.epochs));
  s.synchronise = options.synchronise;
  s.compress = options.compress;
  s.patience = options.patience.value_or(s.patience);
  s.optimizer.method = options.optimizer.value_or(s.optimizer.method);
  s.optimizer.learning_rate = options.learning_rate.value_or(s.optimizer.learning_rate);
  s.schedule = options.schedule.value_or(s.schedule);
  s.warm_up_epochs = options.warm_up_epochs.value_or(s.warm_up_epochs);
  s.label_smoothing = options.label_smoothing.value_or(s.label_smoothing);
  s.mixup = options.mixup.value_or(s.mixup);
  s.average_decay = options.average_decay.value_or(s.average_decay);
  if (options.augmentation) s.augmentation = augmentation_of(*options.augmentation);
}

}  // namespace

Augmentation augmentation_of(AugmentationLevel level) {
  Augmentation a;
  if (level == AugmentationLevel::none) {
    a.crop = false;
    a.flip_horizontal = 0;
  }
  if (level == AugmentationLevel::strong) {
    a.min_area = 0.2;
    a.rotate_degrees = 15;
    a.brightness = a.contrast = a.saturation = 0.3;
    a.hue = 0.05;
    a.cutout = 0.25;
  }
  return a;
}

TrainerSettings scratch_recipe(const TrainOptions& options, std::size_t images, std::uint64_t seed) {
  const Json fields = recipe_fields(options, Mode::scratch);
  TrainerSettings s;
  s.epochs = epochs_for(images, 12'000, 15, 50);
  s.batch = images < 500 ? 16 : images < 5000 ? 32 : 64;
  s.optimizer = {.method = Method::adamw, .learning_rate = 3e-3, .weight_decay = 0.05};
  const bool sgd = method_of(options, fields) == Method::sgd;
  if (sgd) s.optimizer = {.method = Method::sgd, .learning_rate = 0.1, .weight_decay = 5e-4};
  s = with_recipe(std::move(s), fields, options);
  s.seed = seed;
  apply(options, s);
  return s;
}

TrainerSettings finetune_recipe(const TrainOptions& options, std::size_t images, std::uint64_t seed) {
  const Json fields = recipe_fields(options, Mode::finetune);
  TrainerSettings s;
  s.epochs = epochs_for(images, 6'000, 6, 24);
  s.batch = images < 1000 ? 16 : 32;
  s.optimizer = {.method = Method::adamw, .learning_rate = 5e-4, .weight_decay = 0.01};
  const bool sgd = method_of(options, fields) == Method::sgd;
  if (sgd) s.optimizer = {.method = Method::sgd, .learning_rate = 0.01, .weight_decay = 1e-4};
  s.block_decay = 0.8;
  s.gradual = true;
  s = with_recipe(std::move(s), fields, options);
  s.freeze_to = options.freeze_to;
  s.seed = seed;
  apply(options, s);
  return s;
}

HeadSettings head_recipe(const TrainOptions& options, int labels, std::uint64_t seed) {
  HeadSettings s;
  s.spec = {.labels = labels, .hidden = options.hidden, .dropout = options.hidden > 0 ? 0.2 : 0.0};
  if (options.hidden > 0) s.regularisations = {1e-2, 1e-3};
  s.epochs = options.epochs.value_or(options.hidden > 0 ? 60 : 100);
  s.label_smoothing = options.label_smoothing.value_or(0);
  s.seed = seed;
  return s;
}

}  // namespace graft
