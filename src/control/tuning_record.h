// What a tuning job's record and those of its training jobs say together.
#pragma once

#include <optional>
#include <vector>

#include "control/control.h"
#include "control/tuning_search.h"

namespace graft {

// Its training jobs, the oldest first.
std::vector<Record> trainings_of(const Control& control, const Record& tuning);

struct TuningObjective {
  std::string metric{};
  bool maximize = true;
};
TuningObjective objective_of(const Record& tuning);

// The last value of the objective's metric; nothing where the job has said none.
std::optional<double> objective_value(const Record& training, const TuningObjective& objective);

// Of those that are Completed; null without one.
const Record* best_of(const std::vector<Record>& trainings, const TuningObjective& objective);

// A HyperParameterTrainingJobSummary.
Json tuned_summary(const Record& training, const Record& tuning);

// CreateTrainingJob's request for one of its training jobs. `index` counts from 0.
Json tuned_request(const Json& tuning_request, const std::string& tuning_arn, std::size_t index,
                   const HyperParameterValues& values);

// What its draws at `index` are made from.
Key tuning_key(const Json& tuning_request, const std::string& tuning_arn, std::size_t index);

// How many training jobs it is to have.
std::size_t most_trainings(const Json& tuning_request);

}  // namespace graft
