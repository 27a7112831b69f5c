// Fitting a head on features that a frozen backbone computed once.
//
// A linear head is multinomial logistic regression: its loss is convex, so it is fitted by L-BFGS over all features, at
// one pass an epoch, for each strength of regularisation from the strongest down, each starting from the one before;
// the strength with the least validation loss is kept. Where no feature is negative the same can be tried on their
// square roots, and is kept where that is better. A head with a hidden layer is fitted by AdamW on mini-batches.
#pragma once

#include <torch/types.h>

#include <functional>
#include <optional>
#include <vector>

#include "graph/weights.h"
#include "recipe/settings.h"
#include "report/metrics.h"
#include "report/report.h"

namespace graft {

struct FeatureSet {
  torch::Tensor features;   // [images, length], f32, contiguous; may be a mapped file, it is read in blocks
  std::vector<int> labels;  // [images]
};

struct HeadTrial {
  bool root = false;  // whether the head takes the square root of the features
  double regularisation = 0;
  double validation_loss = 0, validation_accuracy = 0;
  int epochs = 0;
};

struct HeadFit {
  HeadSpec spec;    // as asked for, and whether it takes the features' root
  Weights weights;  // of the nodes "head.hidden" and "head.output"
  Curve curve;      // of the strength that was kept
  HeadTrial kept;
  std::vector<HeadTrial> trials;
  Answers validation;
};

// Called after each epoch with (epochs done, epochs at the most, validation accuracy).
using HeadProgress = std::function<void(int, int, double)>;

HeadFit fit_head(const FeatureSet& train, const FeatureSet& validation, const HeadSettings& settings,
                 const HeadProgress& progress = {});

// The answers of a fitted head: logits of features.
Answers answer(const HeadSpec& spec, const Weights& head, const FeatureSet& set);

}  // namespace graft
