// In a record's inner["WarmStart"]: {"Trials": [{"Values": {"learning_rate": "0.1", ..}, "Objective": 0.9}, ..],
// "Best": the summary of the parents' best training job, where they have one}.
#include "control/tuning_warm_start.h"

#include <algorithm>
#include <set>

#include "control/fields.h"
#include "control/resource.h"
#include "control/tuning_record.h"

namespace graft {
namespace {

constexpr const char* kConfig = "WarmStartConfig";
constexpr std::size_t kMostTrainings = 750;  // of a job and its parents together, as AWS counts them
constexpr const char* kIdentical = "IdenticalDataAndAlgorithm";

std::vector<TunedParameter> ranges_of(const Json& tuning_request) {
  return space_of(tuning_request.at("HyperParameterTuningJobConfig").at("ParameterRanges"));
}

const Json& static_parameters(const Json& tuning_request) {
  return aws::object_of(tuning_request.at("TrainingJobDefinition"), "StaticHyperParameters");
}

// Of all hyper-parameters, the tuned ones and the others.
std::set<std::string> names_of(const Json& tuning_request) {
  std::set<std::string> names;
  for (const TunedParameter& parameter : ranges_of(tuning_request)) names.insert(parameter.name);
  for (const auto& [name, value] : static_parameters(tuning_request).items()) names.insert(name);
  return names;
}

void check_ranges(const Json& request, const Record& parent, bool identical) {
  const std::set<std::string> names = names_of(request), before = names_of(parent.document);
  if (identical ? names != before : names.size() != before.size()) {
    throw validation_error(
        text("The tuning job has other hyper-parameters, static and tuned together, than its parent ", parent.name,
             ": ", identical ? "their names" : "as many", " must be the same with this WarmStartType"));
  }
  const auto old = ranges_of(parent.document);
  for (const TunedParameter& parameter : ranges_of(request)) {
    const auto same =
        std::find_if(old.begin(), old.end(), [&](const TunedParameter& other) { return other.name == parameter.name; });
    if (same == old.end() || same->type == parameter.type) continue;
    throw validation_error(
        text("The type of the range of ", parameter.name, " is another one than in the parent ", parent.name));
  }
}

void check_parent(const Json& request, const Record& parent, bool identical) {
  if (!has_ended(parent)) {
    throw validation_error(text("The parent tuning job ", parent.name, " is in status ", parent.status,
                                ": it must have ended before another one starts from it"));
  }
  const auto objective_in = [](const Json& tuning_request) {
    return tuning_request.at("HyperParameterTuningJobConfig").at("HyperParameterTuningJobObjective");
  };
  if (objective_in(request) != objective_in(parent.document)) {
    throw validation_error(
        text("The objective metric must be the same as that of the parent tuning job ", parent.name));
  }
  check_ranges(request, parent, identical);
}

std::vector<Record> parents_of(const Control& control, const Caller& caller, const Json& config) {
  const std::string at = text(kConfig, ".ParentHyperParameterTuningJobs");
  const Json& given = aws::list_of(config, "ParentHyperParameterTuningJobs", {.least = 1, .most = 5}, kConfig);
  std::vector<Record> parents;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string name =
        aws::text_of(given[i], "HyperParameterTuningJobName", fields::tuning_job_name(), fields::member(at, i));
    const bool twice =
        std::any_of(parents.begin(), parents.end(), [&](const Record& parent) { return parent.name == name; });
    if (twice) throw validation_error(text("The tuning job ", name, " is named twice as a parent"));
    parents.push_back(find_or_fail(control.records, caller, kTuningJob, name));
  }
  return parents;
}

// A static hyper-parameter that is tuned now had one value in all training jobs of the parent.
HyperParameterValues values_of(const Record& training, const Record& parent, const std::vector<TunedParameter>& space) {
  auto all = training.inner.at("TunedHyperParameters").get<HyperParameterValues>();
  for (const auto& [name, value] : static_parameters(parent.document).items()) all.emplace(name, value);
  HyperParameterValues values;
  for (const TunedParameter& parameter : space) {
    if (const auto found = all.find(parameter.name); found != all.end()) values.insert(*found);
  }
  return values;
}

bool could_be_tried(const std::vector<TunedParameter>& space, const HyperParameterValues& values) {
  return std::all_of(space.begin(), space.end(), [&](const TunedParameter& parameter) {
    const auto value = values.find(parameter.name);
    return value != values.end() && lies_in(parameter, value->second);
  });
}

void add_trials(Json& trials, const std::vector<Record>& trainings, const Record& parent,
                const std::vector<TunedParameter>& space) {
  const TuningObjective objective = objective_of(parent);
  for (const Record& training : trainings) {
    const HyperParameterValues values = values_of(training, parent, space);
    if (!has_result(training, objective) || !could_be_tried(space, values)) continue;
    trials.push_back({{"Values", values}, {"Objective", *objective_value(training, objective)}});
  }
}

double value_in(const Json& summary) {
  return summary.at("FinalHyperParameterTuningJobObjectiveMetric").at("Value");
}

// Of two summaries, one of which may be null.
const Json& better_of(const Json& one, const Json& other, const TuningObjective& objective) {
  if (one.is_null() || other.is_null()) return one.is_null() ? other : one;
  const double a = value_in(one), b = value_in(other);
  return (objective.maximize ? b > a : b < a) ? other : one;
}

Json best_summary(const std::vector<Record>& trainings, const Record& tuning) {
  const Record* best = best_of(trainings, objective_of(tuning));
  if (!best) return nullptr;
  Json summary = tuned_summary(*best, tuning);
  summary["TuningJobName"] = tuning.name;
  return summary;
}

}  // namespace

Json warm_start_of(const Control& control, const Caller& caller, const Json& request) {
  if (!request.contains(kConfig)) return nullptr;
  const Json& config = aws::object_of(request, kConfig);
  const bool identical =
      aws::text_of(config, "WarmStartType", {.one_of = {kIdentical, "TransferLearning"}}, kConfig) == kIdentical;
  const auto space = ranges_of(request);
  std::size_t count = most_trainings(request);
  Json start{{"Trials", Json::array()}, {"Best", nullptr}};
  for (const Record& parent : parents_of(control, caller, config)) {
    check_parent(request, parent, identical);
    const std::vector<Record> trainings = trainings_of(control, parent);
    count += trainings.size();
    add_trials(start["Trials"], trainings, parent, space);
    start["Best"] = Json(better_of(start["Best"], best_summary(trainings, parent), objective_of(parent)));
  }
  if (count > kMostTrainings) {
    throw validation_error(text("The tuning job and its parents have ", count, " training jobs together: at most ",
                                kMostTrainings, " may be"));
  }
  return start;
}

std::vector<Trial> warm_trials(const Record& tuning) {
  std::vector<Trial> trials;
  if (!tuning.inner.contains("WarmStart")) return trials;
  const bool maximize = objective_of(tuning).maximize;
  for (const Json& trial : tuning.inner.at("WarmStart").at("Trials")) {
    const double value = trial.at("Objective");
    trials.push_back({.values = trial.at("Values").get<HyperParameterValues>(), .score = maximize ? value : -value});
  }
  return trials;
}

Json overall_best(const Record& tuning, const std::vector<Record>& trainings) {
  if (!tuning.inner.contains("WarmStart") || tuning.document.at(kConfig).at("WarmStartType") != kIdentical) {
    return nullptr;
  }
  return better_of(best_summary(trainings, tuning), tuning.inner.at("WarmStart").at("Best"), objective_of(tuning));
}

}  // namespace graft
