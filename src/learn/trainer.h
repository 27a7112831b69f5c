// The training loop over images: fine-tuning and training from scratch, on any number of ranks.
//
// What an epoch does is a function of the settings, the seed and the epoch's number: its order of images, what each
// augmentation draws, what dropout drops. So the same seed gives the same numbers, a run that was killed goes on from
// its last checkpoint to the numbers of one that was not, and the number of ranks changes them by rounding only (where
// batch norm is synchronised; otherwise by its statistics, which are then of a rank's images).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "dist/group.h"
#include "learn/network.h"
#include "learn/optimizer.h"
#include "recipe/settings.h"
#include "report/metrics.h"
#include "report/report.h"

namespace graft {

struct TrainingData {
  DatasetPtr train, validation;
  Preprocess preprocess;
  std::size_t threads = 1;  // that decode and augment
  std::string digest{};     // names the images: a checkpoint is resumed with the same ones only
};

// One epoch's numbers.
struct EpochReport {
  int epoch = 0, epochs = 0;  // 1 is the first
  std::int64_t step = 0;
  double learning_rate = 0, train_loss = 0, train_accuracy = 0, validation_loss = 0, validation_accuracy = 0;
  double images_per_second = 0;  // of all ranks, validation included
  std::vector<RankTime> ranks{};
};

struct TrainOutcome {
  Weights weights;  // of the best epoch by validation accuracy, then loss
  Curve curve;
  int epochs = 0;     // that were run
  Scaling scaling{};  // empty for a process alone
};

struct TrainControl {
  std::filesystem::path checkpoints{};  // a folder; one more is written after each epoch, by the rank that leads
  std::chrono::milliseconds checkpoint_every{std::chrono::minutes(10)};  // also within an epoch
  bool resume = false;                                                   // go on from the last one, where there is one
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::function<bool()> stop{};  // asked at each step: whether this was the last, and the best until then is kept
  std::string title{};           // of the progress bar
  // Called with the step that training goes on from, 0 for a new one: at first, and whenever a group has formed anew.
  // What was reported of later steps is void.
  std::function<void(std::int64_t step)> begun{};
  std::function<void(const EpochReport&)> report{};  // on the rank that leads
  Group* group = nullptr;                            // null: this process alone
  bool elastic = false;  // go on from the last checkpoint with the ranks that are left when one is lost
  bool overlap = true;   // gradients travel during the backward pass
};

// Trains `network` on the device it is on, which then holds the best weights; all ranks of the group call it alike.
// Throws Kind::conflict when the checkpoint to resume from was made with other settings, and NotAtOnePoint.
TrainOutcome train(Network& network, const TrainingData& data, const TrainerSettings& settings,
                   const TrainControl& control);

// The network's answers on a dataset, in the dataset's order, for all ranks; each computes a part of them.
Answers answer(Network& network, const DatasetPtr& dataset, const Preprocess& preprocess, std::size_t threads,
               Group& group, bool mixed_precision = false);

}  // namespace graft
