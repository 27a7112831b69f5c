#include "control/tuning_stopping.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "control/fields.h"
#include "control/resource.h"
#include "control/training_job.h"
#include "control/tuning_record.h"

namespace graft {
namespace {

constexpr int kReduction = 3;
constexpr std::size_t kLeastForMedian = 3;
constexpr const char* kConfig = "HyperParameterTuningJobConfig.StrategyConfig.HyperbandStrategyConfig";

// How many epochs the jobs are told to do, by the names that SageMaker looks for.
std::optional<int> told_epochs(const Json& tuning_request) {
  const Json& told = aws::object_of(tuning_request.at("TrainingJobDefinition"), "StaticHyperParameters");
  for (const char* name : {"epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"}) {
    const auto words = aws::text_if(told, name, {.most = 2500}, "TrainingJobDefinition.StaticHyperParameters");
    if (!words) continue;
    int epochs = 0;
    const auto [end, error] = std::from_chars(words->data(), words->data() + words->size(), epochs);
    if (error == std::errc() && end == words->data() + words->size() && epochs > 0) return epochs;
  }
  return {};
}

// In the order of `trainings`: what each has said, the greater the better.
std::vector<std::vector<double>> scores_of(const std::vector<Record>& trainings, bool maximize) {
  std::vector<std::vector<double>> scores;
  for (const Record& training : trainings) {
    scores.push_back(training.inner.value("Objectives", std::vector<double>()));
    if (maximize) continue;
    for (double& score : scores.back()) score = -score;
  }
  return scores;
}

bool hyperband_ends(const Hyperband& hyperband, const std::vector<std::vector<double>>& scores, std::size_t job,
                    std::size_t index, std::size_t judged) {
  const std::vector<double>& own = scores[job];
  if (!hyperband.ends_by_itself && own.size() >= static_cast<std::size_t>(hyperband.most)) return true;
  for (const int rung : rungs_of(hyperband, index)) {
    const auto count = static_cast<std::size_t>(rung);
    if (count <= judged || count > own.size()) continue;
    std::vector<double> there;
    for (const auto& other : scores) {
      if (other.size() >= count) there.push_back(other[count - 1]);
    }
    if (!goes_on(own[count - 1], there)) return true;
  }
  return false;
}

bool median_ends(const std::vector<std::vector<double>>& scores, std::size_t job) {
  const std::size_t count = scores[job].size();
  std::vector<double> averages;
  for (std::size_t other = 0; other < job; ++other) {
    if (scores[other].size() < count) continue;
    const auto begin = scores[other].begin();
    averages.push_back(std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(count), 0.0) /
                       static_cast<double>(count));
  }
  return is_below_median(scores[job].back(), std::move(averages));
}

}  // namespace

Hyperband hyperband_of(const Json& tuning_request) {
  const Json& config = tuning_request.at("HyperParameterTuningJobConfig");
  const Json& given = aws::object_of(aws::object_of(config, "StrategyConfig"), "HyperbandStrategyConfig");
  const auto least = aws::integer_if(given, "MinResource", {1, kMostObjectives}, kConfig);
  const auto most = aws::integer_if(given, "MaxResource", {1, kMostObjectives}, kConfig);
  const auto told = told_epochs(tuning_request);
  if (!most && (!told || *told > kMostObjectives)) {
    throw validation_error(
        text("The strategy Hyperband needs a MaxResource of at most ", kMostObjectives,
             " in its HyperbandStrategyConfig, or epochs in the StaticHyperParameters: how often a training job says "
             "its objective metric at most"));
  }
  const Hyperband hyperband{.least = static_cast<int>(least.value_or(1)),
                            .most = most ? static_cast<int>(*most) : *told,
                            .ends_by_itself = told && (!most || *told <= *most)};
  if (hyperband.least > hyperband.most) throw validation_error("MinResource must not be greater than MaxResource");
  return hyperband;
}

std::vector<int> rungs_of(const Hyperband& hyperband, std::size_t index) {
  int last = 0;  // bracket; the first is 0, whose jobs are judged most often
  for (int most = hyperband.most / kReduction; most >= hyperband.least; most /= kReduction) ++last;
  const auto size_of = [&](int bracket) {
    const int rungs = last - bracket;
    return static_cast<std::size_t>(std::ceil(std::pow(kReduction, rungs) * (last + 1) / (rungs + 1)));
  };
  std::size_t turn = 0;
  for (int bracket = 0; bracket <= last; ++bracket) turn += size_of(bracket);
  std::size_t place = index % turn;
  int bracket = 0;
  while (place >= size_of(bracket)) place -= size_of(bracket++);
  std::vector<int> rungs;
  for (int step = last - bracket, most = hyperband.most; step > 0; --step) rungs.push_back(most /= kReduction);
  std::reverse(rungs.begin(), rungs.end());
  return rungs;
}

bool goes_on(double score, const std::vector<double>& scores) {
  const auto better = static_cast<std::size_t>(
      std::count_if(scores.begin(), scores.end(), [&](double other) { return other > score; }));
  return better < (scores.size() + kReduction - 1) / kReduction;
}

bool is_below_median(double score, std::vector<double> averages) {
  if (averages.size() < kLeastForMedian) return false;
  std::sort(averages.begin(), averages.end());
  const std::size_t half = averages.size() / 2;
  return score < (averages.size() % 2 == 1 ? averages[half] : (averages[half - 1] + averages[half]) / 2);
}

bool judges(const Json& tuning_request) {
  const Json& config = tuning_request.at("HyperParameterTuningJobConfig");
  return config.at("Strategy") == "Hyperband" || config.value("TrainingJobEarlyStoppingType", "Off") == "Auto";
}

void stop_hopeless(const Control& control, const Record& tuning, const std::vector<Record>& trainings) {
  const bool by_rungs = tuning.document.at("HyperParameterTuningJobConfig").at("Strategy") == "Hyperband";
  const Hyperband hyperband = by_rungs ? hyperband_of(tuning.document) : Hyperband();
  const auto scores = scores_of(trainings, objective_of(tuning).maximize);
  for (std::size_t job = 0; job < trainings.size(); ++job) {
    const Record& training = trainings[job];
    const std::size_t judged = training.inner.value("Judged", std::size_t{0});
    if (training.status != "InProgress" || scores[job].size() <= judged) continue;
    const bool hopeless =
        by_rungs ? hyperband_ends(hyperband, scores, job, tuning_index(training), judged) : median_ends(scores, job);
    control.records.update(training.account, kTrainingJob, training.name, [&](Record& record) {
      record.inner["Judged"] = scores[job].size();
      if (hopeless) record.inner["StoppedEarly"] = true;
    });
    if (hopeless) stop_training_job(control, training.account, training.name);
  }
}

}  // namespace graft
