// A training run, saved so that it can go on as if it had never stopped.
//
// One safetensors file: "weights/...", "average/...", "best/...", "first/..." and "second/..." (the optimizer's
// moments), and the counters and the curve as JSON in its metadata. It says nothing of the number of ranks: any number
// goes on from it.
#pragma once

#include <filesystem>
#include <optional>

#include "graph/weights.h"
#include "learn/optimizer.h"
#include "report/report.h"

namespace graft {

// Over the steps of the epoch that is under way.
struct EpochSums {
  double loss = 0, right = 0, images = 0;
};

struct TrainingState {
  std::string settings{};  // what the run was started with, as JSON; a run only goes on with the same
  int epoch = 0;           // that are done
  std::int64_t step = 0;   // that are done, in all epochs
  EpochSums sums{};
  int best_epoch = 0;
  double best_accuracy = -1, best_loss = 0;
  bool finished = false;
  Curve curve{};
  OptimizerState optimizer{};
  Weights weights{}, average{}, best{};
};

// The file's content.
std::string encode(const TrainingState& state);
// `source` names it in errors.
TrainingState decode_state(std::string content, const std::string& source);

// Writes folder/checkpoint-<step>.safetensors, whole or not at all, and then removes all but the last two.
void write_checkpoint(const std::filesystem::path& folder, const TrainingState& state);

// The last checkpoint of the folder; where that is damaged, the one before, which is said on the log. Nullopt when
// there is none. Throws when all are damaged.
std::optional<TrainingState> last_checkpoint(const std::filesystem::path& folder);

}  // namespace graft
