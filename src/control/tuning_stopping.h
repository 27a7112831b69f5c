// Which training jobs of a tuning job are not worth going on with, by what they say of the objective on their way. What
// they say is counted: a job's n-th value belongs to its n-th epoch.
//
// Hyperband is asynchronous here (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020): a job is
// judged when it comes to a rung, among all that have come there, and nobody waits. Early stopping by the median is
// SageMaker's: https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html
#pragma once

#include <vector>

#include "control/control.h"

namespace graft {

// How many values of the objective a job has said at least before it is ended, and at most.
struct Hyperband {
  int least = 1, most = 1;
  bool ends_by_itself = true;  // jobs do not go beyond `most`
};
// Of CreateHyperParameterTuningJob's request. Throws what AWS's service answers.
Hyperband hyperband_of(const Json& tuning_request);

// The counts of values at which the training job at `index` is judged, ascending. Jobs go to brackets in turns: those
// of the first are judged early, those of the last never.
std::vector<int> rungs_of(const Hyperband& hyperband, std::size_t index);

// Of a job with this score at a rung, among the scores of all that came there, itself too: the best third goes on.
bool goes_on(double score, const std::vector<double>& scores);

// Of a job with this score now, when other jobs had these average scores after as many epochs.
bool is_below_median(double score, std::vector<double> averages);

// Whether what training jobs say of the objective is to be kept.
bool judges(const Json& tuning_request);
// Ends those that are not worth going on with.
void stop_hopeless(const Control& control, const Record& tuning, const std::vector<Record>& trainings);

}  // namespace graft
