// Fitting a head on features that a frozen backbone computed once.
//
// A linear head is multinomial logistic regression: its loss is convex, so it is fitted by L-BFGS over all features, at
// one pass an epoch, for each strength of regularisation from the strongest down, each starting from the one before;
// the strength with the least validation loss is kept. A head with a hidden layer is fitted by AdamW on mini-batches.
#pragma once

#include <torch/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "graph/surgery.h"
#include "graph/weights.h"
#include "report/metrics.h"
#include "report/report.h"

namespace graft {

struct FeatureSet {
  torch::Tensor features;   // [images, length], f32; may be a mapped file, it is read in blocks
  std::vector<int> labels;  // [images]
};

struct HeadSettings {
  HeadSpec spec;
  int epochs = 100;  // passes over the features at the most, for each strength
  // Of the sum of squared weights (of standardised features) against the mean loss.
  std::vector<double> regularisations{1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4};
  double label_smoothing = 0;
  std::vector<float> label_weights;  // empty: all 1
  std::uint64_t seed = 1;            // of a hidden layer's first weights and its batches
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

struct HeadTrial {
  double regularisation;
  double validation_loss, validation_accuracy;
  int epochs;
};

struct HeadFit {
  Weights weights;        // of the nodes "head.hidden" and "head.output"
  Curve curve;            // of the strength that was kept
  double regularisation;  // that was kept
  std::vector<HeadTrial> trials;
  Answers validation;
};

// Called after each epoch with (epochs done, epochs at the most, validation accuracy).
using HeadProgress = std::function<void(int, int, double)>;

HeadFit fit_head(const FeatureSet& train, const FeatureSet& validation, const HeadSettings& settings,
                 const HeadProgress& progress = {});

// The answers of a fitted head: logits of features.
Answers answer(const Weights& head, const FeatureSet& set, std::size_t labels);

}  // namespace graft
