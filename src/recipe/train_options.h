// What `graft train` was asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "bundle/precision.h"
#include "recipe/settings.h"

namespace graft {

enum class Mode {
  head,      // the backbone is frozen and runs once over the images; the head is fitted on its features
  finetune,  // the head first, then the backbone from the top down
  scratch,   // all from random weights
};

// Settings as JSON (recipe_text.h), and what errors call it.
struct RecipeText {
  std::string source, json;
};

struct TrainOptions {
  std::filesystem::path train, validation, test;  // empty validation and test: from train's sub-folders, or split off
  std::filesystem::path from;                     // a bundle, or weights of another program
  std::filesystem::path out;
  std::filesystem::path cache;        // of features; empty keeps none
  std::filesystem::path checkpoints;  // of the training loop; empty: with the run's metrics
  std::string architecture;           // of a scratch run; otherwise what `from` is
  Mode mode = Mode::head;
  bool compare = false, resume = false, allow_leak = false;
  bool balance = false;  // weigh labels so that all count alike
  std::uint64_t seed = 1;
  double time_limit = 0;  // seconds for everything; 0 is none
  int size = 0;           // pixels each way; 0 is the architecture's
  int hidden = 0;         // units of a hidden layer in the head
  int views = 0;          // augmented views of each image in head mode
  std::string freeze_to;  // in finetune

  int ranks = 1;      // processes that train together; where something else starts them, it says how many
  int min_ranks = 0;  // go on with so many when others are lost; 0: a loss ends the job
  bool synchronise = false, compress = false;
  enum class Device { automatic, cpu, cuda };
  Device device = Device::automatic;
  bool overlap = true;             // gradients travel during the backward pass
  double checkpoint_minutes = 10;  // between two checkpoints within an epoch
  // What the model answers in; unset: the fastest that answers as fp32 does.
  std::optional<Precision> precision;

  std::optional<RecipeText> recipe;  // of this mode; what a transfer is compared with has its own settings
  // Unset: what the recipe says, else the mode's own settings.
  std::optional<int> epochs, batch, patience;
  std::optional<double> learning_rate, label_smoothing, mixup, average_decay, warm_up_epochs;
  std::optional<OptimizerSettings::Method> optimizer;
  std::optional<Schedule> schedule;
  std::optional<AugmentationLevel> augmentation;
  std::optional<bool> mixed_precision;  // unset: where the device computes in bf16
};

// Whether the job goes on when a rank is lost.
inline bool is_elastic(const TrainOptions& options) {
  return options.min_ranks > 0 && options.min_ranks < options.ranks;
}

// Where the run whose metrics are in `run` has its checkpoints.
inline std::filesystem::path checkpoints_of(const TrainOptions& options, const std::filesystem::path& run) {
  return (options.checkpoints.empty() ? run : options.checkpoints / run.filename()) / "checkpoints";
}

}  // namespace graft
