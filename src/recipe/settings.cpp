#include "recipe/settings.h"

#include "base/json.h"

namespace graft {

OrderedJson to_json(const TrainerSettings& s) {
  static constexpr const char* kSchedules[] = {"cosine", "step", "one_cycle", "constant"};
  return {{"epochs", s.epochs},
          {"batch", s.batch},
          {"optimizer", s.optimizer.method == OptimizerSettings::Method::sgd ? "sgd" : "adamw"},
          {"learning_rate", s.optimizer.learning_rate},
          {"momentum", s.optimizer.momentum},
          {"weight_decay", s.optimizer.weight_decay},
          {"schedule", kSchedules[static_cast<int>(s.schedule)]},
          {"warm_up_epochs", s.warm_up_epochs},
          {"label_smoothing", s.label_smoothing},
          {"mixup", s.mixup},
          {"average_decay", s.average_decay},
          {"label_weights", s.label_weights},
          {"augmentation", to_json(s.augmentation)},
          {"patience", s.patience},
          {"block_decay", s.block_decay},
          {"gradual", s.gradual},
          {"freeze_to", s.freeze_to},
          {"synchronise", s.synchronise},
          {"compress", s.compress},
          {"mixed_precision", s.mixed_precision},
          {"seed", s.seed}};
}

}  // namespace graft
