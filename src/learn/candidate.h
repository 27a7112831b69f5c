// One trained model with all that is known of it, and the three ways to make one.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

#include "bundle/bundle.h"
#include "dist/group.h"
#include "learn/split_data.h"
#include "recipe/train_options.h"
#include "report/metrics.h"

namespace graft {

struct Candidate {
  Bundle bundle;
  Curve curve;
  Answers validation{}, reported{};  // `reported`: on the test split, or validation again where there is none
  OrderedJson settings{};
  std::string description{};  // one sentence
  double seconds = 0;
  Scaling scaling{};  // of training on ranks
};

struct TrainingContext {
  const TrainOptions& options;
  const SplitData& data;
  std::filesystem::path folder;  // of this run's metrics and checkpoint
  std::uint64_t seed = 1;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  Group* group = nullptr;  // the ranks that train together; all call alike
};

// On ranks other than the one that leads, a candidate that was trained has no more than its weights.
//
// The parent's backbone as it is, and a head fitted on its features.
Candidate train_head(const Bundle& parent, const TrainingContext& context);
// The same, then trained on from the top down.
Candidate train_finetune(const Bundle& parent, const TrainingContext& context);
// `graph` from random weights, for pictures prepared so.
Candidate train_scratch(const Graph& graph, const Preprocess& preprocess, const TrainingContext& context);

}  // namespace graft
