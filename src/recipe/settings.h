// What a run of training is set to, as data.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_forward.h"
#include "graph/surgery.h"
#include "image/transform.h"
#include "recipe/schedule.h"

namespace graft {

enum class AugmentationLevel { none, standard, strong };

struct OptimizerSettings {
  enum class Method { sgd, adamw };
  Method method = Method::sgd;
  double learning_rate = 0.1;
  double momentum = 0.9;  // SGD: of Nesterov's method; AdamW: the decay of the first moment
  double second_decay = 0.999;
  double weight_decay = 1e-4;  // not on biases and batch norm, which have one dimension
};

struct TrainerSettings {
  int epochs = 30;
  int batch =
      32;  // images in a step, on all ranks together; a last one alone is left out: batch norm has no use for it
  OptimizerSettings optimizer;
  Schedule schedule = Schedule::one_cycle;
  double warm_up_epochs = 0;  // not of one_cycle, which begins slowly anyway
  double label_smoothing = 0.1;
  double mixup = 0;                    // alpha; 0 is off
  double average_decay = 0;            // of the average of weights that is validated and kept; 0 is off
  std::vector<float> label_weights{};  // empty: all 1
  Augmentation augmentation;
  int patience = 0;              // stop after so many epochs without a better one; 0 never
  double block_decay = 1;        // the learning rate's factor from each block to the one below it
  bool gradual = false;          // unfreeze in three equal phases: the upper third of the blocks, two thirds, all
  std::string freeze_to{};       // the blocks up to this one (or node) stay frozen throughout
  bool synchronise = false;      // batch norm takes its statistics over all ranks' images of a step
  bool mixed_precision = false;  // forward passes in bf16 where that loses nothing
  bool compress = false;         // gradients travel between ranks rounded to bf16
  std::uint64_t seed = 1;
};

struct HeadSettings {
  HeadSpec spec;
  int epochs = 100;  // passes over the features at the most, for each strength
  // Of the sum of squared weights (of standardised features) against the mean loss.
  std::vector<double> regularisations{1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5};
  bool try_root = false;  // try the features' square root too; for features that are never negative
  double label_smoothing = 0;
  std::vector<float> label_weights{};  // empty: all 1
  std::uint64_t seed = 1;              // of a hidden layer's first weights and its batches
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

OrderedJson to_json(const TrainerSettings& settings);

// What `json` says, and `otherwise` where it says nothing. The names are to_json's; an augmentation is also one of the
// words. Refuses unknown fields, wrong types, numbers out of range, and `seed` and `label_weights`, which belong to a
// run rather than to a recipe. `source` names the file in errors.
TrainerSettings settings_from_json(const Json& json, TrainerSettings otherwise, std::string_view source);

// The words for these settings, in files and on the command line.
const std::map<std::string, Schedule>& schedule_words();
const std::map<std::string, OptimizerSettings::Method>& optimizer_words();
const std::map<std::string, AugmentationLevel>& augmentation_words();

}  // namespace graft
