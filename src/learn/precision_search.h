// Which precision a model answers in: the fastest that names the labels fp32 names.
//
// What passes is said in bundle/precision.h. Precisions are tried from the fastest on, and all checks that were made
// are kept; fp32 needs none.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "bundle/bundle.h"
#include "learn/features.h"
#include "learn/split_data.h"
#include "report/metrics.h"

namespace graft {

// Throws where `asked` is a precision that this processor lacks; a job does so before it begins.
void require_available(std::optional<Precision> asked);

struct PrecisionChoice {
  Precision precision = Precision::fp32;
  std::vector<PrecisionCheck> checks;
};

// Calls attempt(precision) from the fastest on until its check passes; fp32's, which comes last, is not looked at. What
// the last call made is what to keep. A precision that the network cannot be computed in (kUnsupportedByPlan) is passed
// over. Where a precision is asked for, only that one is tried, and throws the numbers of a check that fails.
PrecisionChoice search_precision(std::optional<Precision> asked,
                                 const std::function<PrecisionCheck(Precision)>& attempt);

// Enough to see one answer in 200 that differs, at a few seconds of fp32.
constexpr std::size_t kMostChecked = 1000;

// `most` of the numbers below `count`, evenly spread; all where there are fewer.
std::vector<std::size_t> spread(std::size_t count, std::size_t most);

// Of answers on the same images.
PrecisionCheck compare(Precision precision, const Answers& answers, const Answers& fp32);

// The ranges of a network on up to 64 training images, in turn from each label. Which ones depends on the seed and on
// what is in them, so that a later run over the same images finds the features that depend on the ranges.
ActivationRanges calibrate(const Backbone& network, const Part& train, std::uint64_t seed);

// The ranges of the head of `network`, whose backbone's are known, on features of training images.
ActivationRanges calibrate_head(const Graph& network, const Weights& weights, const FeatureSet& features);

// What the head of `bundle` answers to features, computed in `precision` as a plan of the whole network computes it.
Answers answer_features(const Bundle& bundle, Precision precision, const FeatureSet& set);

}  // namespace graft
