// A training run, saved so that it can go on as if it had never stopped.
//
// One safetensors file: "weights/...", "average/...", "best/...", "first/..." and "second/..." (the optimizer's
// moments), and the counters and the curve as JSON in its metadata.
#pragma once

#include <filesystem>
#include <optional>

#include "graph/weights.h"
#include "learn/optimizer.h"
#include "report/report.h"

namespace graft {

struct TrainingState {
  std::string settings;  // what the run was started with, as JSON; a run only goes on with the same
  int epoch = 0;         // that are done
  std::int64_t step = 0;
  int best_epoch = 0;
  double best_accuracy = -1, best_loss = 0;
  bool finished = false;
  Curve curve;
  OptimizerState optimizer;
  Weights weights, average, best;
};

// Written whole or not at all.
void write_checkpoint(const std::filesystem::path& path, const TrainingState& checkpoint);

// Nullopt when there is no such file. Throws when it is damaged.
std::optional<TrainingState> read_checkpoint_file(const std::filesystem::path& path);

}  // namespace graft
