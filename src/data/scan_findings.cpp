#include "data/scan_findings.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "data/listing.h"

namespace graft {
namespace {

using Severity = Finding::Severity;

constexpr int kTinySide = 32;
constexpr std::size_t kFewImages = 10;
constexpr double kImbalanced = 3;

// How a finding says what it counts: "{1 image} cannot be decoded ...".
struct Wording {
  Severity severity;
  const char* what;
  const char* thing;     // what is counted
  const char* sentence;  // after the count
};

Finding begin(const Wording& wording) {
  return {wording.severity, wording.what, {}, 0, {}};
}

void finish(Finding finding, const Wording& wording, std::vector<Finding>& findings) {
  if (finding.count == 0) return;
  finding.sentence = counted(finding.count, wording.thing) + " " + wording.sentence;
  findings.push_back(std::move(finding));
}

// Adds what to say of the file after its name, or nullopt when this finding is not about it.
using FileTest = std::function<std::optional<std::string>(const ScannedSet&, std::size_t)>;

void find_files(const ScannedSplits& splits, const Wording& wording, const FileTest& test,
                std::vector<Finding>& findings) {
  Finding finding = begin(wording);
  const auto sets = present(splits);
  for (std::size_t split = 0; split < sets.size(); ++split) {
    const ScannedSet& set = *sets[split].second;
    for (std::size_t i = 0; i < set.files.size(); ++i) {
      if (const auto remark = test(set, i)) add_example(finding, full_name(splits, split, i) + *remark);
    }
  }
  finish(std::move(finding), wording, findings);
}

void find_problems(const ScannedSplits& splits, std::vector<Finding>& findings) {
  static constexpr std::pair<Problem, Wording> kProblems[] = {
      {Problem::unreadable, {Severity::warning, "unreadable", "image", "cannot be read; left out"}},
      {Problem::no_image, {Severity::warning, "no_image", "file", "named as an image is none; left out"}},
      {Problem::too_large, {Severity::warning, "too_large", "image", "with too many pixels; left out"}},
      {Problem::damaged, {Severity::warning, "damaged", "image", "cut off or broken; left out"}},
  };
  for (const auto& [problem, wording] : kProblems) {
    find_files(
        splits, wording,
        [kind = problem](const ScannedSet& set, std::size_t i) -> std::optional<std::string> {
          if (set.files[i].problem != kind) return {};
          return ": " + printable(set.problems.at(i));
        },
        findings);
  }
}

void find_oddities(const ScannedSplits& splits, std::vector<Finding>& findings) {
  const auto find = [&](const Wording& wording, const FileTest& test) { find_files(splits, wording, test, findings); };
  find({Severity::note, "wrongly_named", "image", "with another format's extension; used"},
       [](const ScannedSet& set, std::size_t i) -> std::optional<std::string> {
         return set.files[i].usable() && set.files[i].wrongly_named ? std::optional("") : std::nullopt;
       });
  find({Severity::note, "animated", "image", "with more than one frame; the first is used"},
       [](const ScannedSet& set, std::size_t i) -> std::optional<std::string> {
         return set.files[i].usable() && set.files[i].animated ? std::optional("") : std::nullopt;
       });
  find({Severity::note, "tiny", "image", "smaller than 32 pixels a side; used"},
       [](const ScannedSet& set, std::size_t i) -> std::optional<std::string> {
         const FileFacts& file = set.files[i];
         if (!file.usable() || std::min(file.width, file.height) >= kTinySide) return {};
         return text(": ", file.width, " x ", file.height);
       });
}

// Labels of the training images with `least` to `most` of them.
void find_labels(const ScannedSet& train, std::size_t least, std::size_t most, const Wording& wording,
                 std::vector<Finding>& findings) {
  Finding finding = begin(wording);
  const std::vector<std::size_t> counts = label_counts(train);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] >= least && counts[i] <= most)
      add_example(finding, train.dataset->labels()[i] + ": " + counted(counts[i], "image"));
  }
  finish(std::move(finding), wording, findings);
}

void find_imbalance(const ScannedSet& train, std::vector<Finding>& findings) {
  const std::vector<std::size_t> counts = label_counts(train);
  const double ratio = imbalance(counts);
  if (ratio < kImbalanced) return;
  char number[32];
  std::snprintf(number, sizeof number, "%.1f", ratio);
  findings.push_back({Severity::note,
                      "imbalance",
                      text("the commonest label has ", number, " times the images of the rarest one"),
                      counts.size(),
                      {}});
}

void find_missing_labels(const ScannedSplits& splits, std::vector<Finding>& findings) {
  const Wording wording{Severity::note, "missing_label", "label", "without an image in a split it is measured on"};
  Finding finding = begin(wording);
  for (const auto& [name, set] : present(splits)) {
    if (set == &splits.train) continue;
    const std::vector<std::size_t> counts = label_counts(*set);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) add_example(finding, text(name, ": ", set->dataset->labels()[i]));
    }
  }
  finish(std::move(finding), wording, findings);
}

void find_ignored(const ScannedSplits& splits, std::vector<Finding>& findings) {
  const Wording wording{Severity::note, "ignored", "file", "not taken for images"};
  Finding finding = begin(wording);
  const auto sets = present(splits);
  for (const auto& [name, set] : sets) {
    const Ignored ignored = set->dataset->ignored();
    for (const std::string& each : ignored.names) add_example(finding, sets.size() > 1 ? text(name, "/", each) : each);
    finding.count += ignored.count - ignored.names.size();
  }
  finish(std::move(finding), wording, findings);
}

}  // namespace

std::vector<std::pair<std::string_view, const ScannedSet*>> present(const ScannedSplits& splits) {
  std::vector<std::pair<std::string_view, const ScannedSet*>> sets;
  if (splits.train.dataset) sets.emplace_back("train", &splits.train);
  if (splits.validation.dataset) sets.emplace_back("validation", &splits.validation);
  if (splits.test.dataset) sets.emplace_back("test", &splits.test);
  return sets;
}

std::string full_name(const ScannedSplits& splits, std::size_t split, std::size_t file) {
  const auto sets = present(splits);
  const std::string name = printable(sets[split].second->dataset->name(file));
  return sets.size() > 1 ? text(sets[split].first, "/", name) : name;
}

void add_example(Finding& finding, std::string example) {
  ++finding.count;
  if (finding.examples.size() < Finding::kMaxExamples) finding.examples.push_back(std::move(example));
}

std::string counted(std::size_t count, std::string_view thing) {
  return text(count, " ", thing, count == 1 ? "" : "s");
}

std::vector<Finding> find_all(const ScannedSplits& splits) {
  std::vector<Finding> findings;
  find_duplicates(splits, findings);
  find_problems(splits, findings);
  find_oddities(splits, findings);
  find_labels(splits.train, 0, 0, {Severity::error, "no_images", "label", "without a usable image"}, findings);
  find_labels(splits.train, 1, 1, {Severity::warning, "one_image", "label", "with a single image"}, findings);
  find_labels(splits.train, 2, kFewImages - 1, {Severity::warning, "few_images", "label", "with fewer than 10 images"},
              findings);
  find_imbalance(splits.train, findings);
  find_missing_labels(splits, findings);
  find_ignored(splits, findings);
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return findings;
}

}  // namespace graft
