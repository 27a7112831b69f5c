// What a tuning job's record and those of its training jobs say together.
#pragma once

#include <optional>
#include <vector>

#include "control/control.h"
#include "control/tuning_search.h"

namespace graft {

struct TuningObjective {
  std::string metric{};
  bool maximize = true;
};
TuningObjective objective_of(const Record& tuning);

// Values of the objective that are kept of a training job.
inline constexpr int kMostObjectives = 4096;

// Its training jobs, the oldest first; not those of an earlier one of its name, which was deleted.
std::vector<Record> trainings_of(const Control& control, const Record& tuning);

// The place of a training job among those that were started; and the one of the next. Some may be deleted since.
std::size_t tuning_index(const Record& training);
std::size_t next_index(const std::vector<Record>& trainings);

// What no other tuning job has, also none of this name.
std::string tuning_id(const Record& tuning);

// Has a value of the objective that counts: it was completed, or ended early as not worth going on with.
bool has_result(const Record& training, const TuningObjective& objective);

// The last value of the objective's metric; nothing where the job has said none.
std::optional<double> objective_value(const Record& training, const TuningObjective& objective);

// Of those with a result and a model; null without one.
const Record* best_of(const std::vector<Record>& trainings, const TuningObjective& objective);

// A HyperParameterTrainingJobSummary.
Json tuned_summary(const Record& training, const Record& tuning);

// CreateTrainingJob's request for one of its training jobs. `id` is of the tuning job; `index` counts from 0.
Json tuned_request(const Json& tuning_request, const std::string& id, std::size_t index,
                   const HyperParameterValues& values);

// What its draws at `index` are made from.
Key tuning_key(const Json& tuning_request, const std::string& id, std::size_t index);

// How many training jobs it is to have.
std::size_t most_trainings(const Json& tuning_request);

}  // namespace graft
