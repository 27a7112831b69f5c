#include "learn/comparison.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "image/transform.h"

namespace graft {
namespace {

constexpr std::size_t kMistakes = 24;
constexpr int kThumbnail = 128;

RunSummary summary_of(const Way& way) {
  RunSummary run;
  run.name = way.name;
  run.description = way.candidates.front().description;
  std::vector<std::vector<bool>> right;
  for (const Candidate& candidate : way.candidates) {
    run.curves.push_back(candidate.curve);
    run.accuracies.push_back(accuracy(candidate.reported));
    run.seconds += candidate.seconds;
    right.push_back(rights(candidate.reported));
  }
  run.accuracy = accuracy_interval(right);
  run.settings = way.best().settings;
  return run;
}

// A small picture of sample i, its longer side kThumbnail.
Bytes thumbnail(const Dataset& dataset, std::size_t i) {
  const Image image = decode(dataset.get(i).content, {.cover_width = kThumbnail, .cover_height = kThumbnail});
  const double scale = static_cast<double>(kThumbnail) / std::max(image.width, image.height);
  const auto side = [scale](int length) { return std::max(1, static_cast<int>(length * scale + 0.5)); };
  return encode_jpeg(resize(image, side(image.width), side(image.height)), 85);
}

std::vector<Mistake> mistakes_of(const Candidate& candidate, const Dataset& dataset) {
  const double temperature = candidate.bundle.temperature;
  std::vector<Mistake> out;
  for (std::size_t i : confident_mistakes(candidate.reported, temperature, kMistakes)) {
    const auto decided = static_cast<std::size_t>(decision(candidate.reported.of(i)));
    out.push_back({dataset.name(i), candidate.bundle.labels[static_cast<std::size_t>(candidate.reported.truth[i])],
                   candidate.bundle.labels[decided], probabilities(candidate.reported.of(i), temperature)[decided],
                   thumbnail(dataset, i)});
  }
  return out;
}

std::string now_text() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::string percent(const Interval& i) {
  return fmt::format("{:.1f} % (95 % interval {:.1f} to {:.1f})", 100 * i.value, 100 * i.low, 100 * i.high);
}

}  // namespace

const Candidate& Way::best() const {
  const auto better = [](const Candidate& a, const Candidate& b) {
    const double left = accuracy(a.validation), right = accuracy(b.validation);
    return left != right ? left < right : log_loss(a.validation) > log_loss(b.validation);
  };
  return *std::max_element(candidates.begin(), candidates.end(), better);
}

std::string verdict(const Report& report) {
  const RunSummary& kept = report.runs.front();
  const std::string on =
      fmt::format("{} {} images", report.splits.at(report.reported_split).get<std::size_t>(), report.reported_split);
  if (report.runs.size() == 1) return fmt::format("{} of {} are recognised.", percent(kept.accuracy), on);
  const RunSummary& other = report.runs[1];
  const double points = 100 * (kept.accuracy.value - other.accuracy.value);
  const bool apart = kept.accuracy.low > other.accuracy.high || other.accuracy.low > kept.accuracy.high;
  return fmt::format("With transfer {} of {} are recognised, without it {}: transfer is {:.1f} points {}{}.",
                     percent(kept.accuracy), on, percent(other.accuracy), std::abs(points),
                     points >= 0 ? "ahead" : "behind", apart ? ", and the intervals do not overlap" : "");
}

Report make_report(const std::vector<Way>& ways, const SplitData& data, std::vector<TimeSpent> time) {
  const Candidate& kept = ways.front().best();
  const bool tested = data.test.dataset != nullptr;
  Report report;
  report.title = "graft: " + join(kept.bundle.labels, ", ").substr(0, 80);
  report.created = now_text();
  report.reported_split = tested ? "test" : "validation";
  report.labels = kept.bundle.labels;
  report.splits = {{"train", data.train.dataset->size()}, {"validation", data.validation.dataset->size()}};
  if (tested) report.splits["test"] = data.test.dataset->size();
  std::vector<std::size_t> counts(kept.bundle.labels.size(), 0);
  for (const int label : kept.reported.truth) ++counts[static_cast<std::size_t>(label)];
  report.majority_accuracy = majority_accuracy(counts);
  for (const Way& way : ways) report.runs.push_back(summary_of(way));
  report.per_label = label_metrics(kept.reported, kept.bundle.labels);
  report.confusion = confusion_matrix(kept.reported);
  report.mistakes = mistakes_of(kept, tested ? *data.test.dataset : *data.validation.dataset);
  report.before = calibration(kept.reported, 1);
  report.after = calibration(kept.reported, kept.bundle.temperature);
  report.temperature = kept.bundle.temperature;
  report.precision = kept.bundle.precision;
  report.precision_checks = kept.bundle.precision_checks;
  report.scan = data.findings;
  report.time = std::move(time);
  report.scaling = kept.scaling;
  report.provenance = kept.bundle.provenance;
  report.verdict = verdict(report);
  return report;
}

}  // namespace graft
