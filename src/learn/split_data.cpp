#include "learn/split_data.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "data/split.h"

namespace graft {
namespace {

constexpr double kValidationShare = 0.2;
constexpr std::size_t kExamples = 20;  // of each finding, in the report

void refuse_leaks(const Scan& scan, const TrainOptions& options) {
  if (!scan.leaks() || options.allow_leak) return;
  const auto leak = std::find_if(scan.findings.begin(), scan.findings.end(),
                                 [](const Finding& finding) { return finding.what == "leak"; });
  const std::string example = leak->examples.empty() ? "" : ", for example " + leak->examples.front();
  fail(Kind::invalid, leak->count, leak->count == 1 ? " image is" : " images are", " in more than one split", example,
       ": what is measured would be false; remove the copies, or pass --allow-leak");
}

void refuse_missing_labels(const ScannedSet& train) {
  const std::vector<std::size_t> counts = label_counts(train);
  for (std::size_t label = 0; label < counts.size(); ++label) {
    require(counts[label] > 0, "the label ", train.dataset->labels()[label], " has no training image that can be read");
  }
}

// A label with one image has it in training, and nothing to be measured on: said, not refused.
void warn_of_unmeasured(const ScannedSet& validation) {
  const std::vector<std::size_t> counts = label_counts(validation);
  for (std::size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] == 0) {
      spdlog::warn("the label {} has no validation image: nothing is known of how well it is recognised",
                   validation.dataset->labels()[label]);
    }
  }
}

Part part_of(const ScannedSet& set) {
  Part part{set.dataset, {}};
  for (const FileFacts& facts : set.files) part.contents.push_back(facts.digest);
  return part;
}

std::string digest_of(const Part& part) {
  Sha256 hash;
  for (std::size_t i = 0; i < part.contents.size(); ++i) {
    hash.update(std::as_bytes(std::span(part.contents[i])));
    const int label = part.dataset->label(i);
    hash.update(std::as_bytes(std::span(&label, 1)));
  }
  return hex(hash.finish());
}

ScannedSet usable_if_there(const ScannedSet& set) {
  return set.dataset ? usable(set) : set;
}

}  // namespace

std::vector<int> Part::labels() const {
  std::vector<int> out(dataset->size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = dataset->label(i);
  return out;
}

Part select(const Part& part, const std::vector<std::size_t>& indices) {
  Part out{subset(part.dataset, indices), {}};
  for (const std::size_t index : indices) out.contents.push_back(part.contents[index]);
  return out;
}

SplitData load_data(const TrainOptions& options, Group& group) {
  group.at(0, "scan");
  const ScanPart part{group.rank(), group.size(), [&](const std::string& found) { return group.gather(found); }};
  const Scan scanned = scan(open_splits(options.train, options.validation, options.test), available_cores(), part);
  for (const Finding& finding : scanned.findings) {
    if (finding.severity != Finding::Severity::note) spdlog::warn("{}", finding.sentence);
  }
  refuse_leaks(scanned, options);
  ScannedSplits parts{usable(scanned.splits.train), usable_if_there(scanned.splits.validation),
                      usable_if_there(scanned.splits.test)};
  if (!parts.validation.dataset) {
    ScannedSplits divided = split(parts.train, {.validation = kValidationShare});
    parts.train = std::move(divided.train);
    parts.validation = std::move(divided.validation);
  }
  refuse_missing_labels(parts.train);
  require(parts.validation.dataset && parts.validation.dataset->size() > 0,
          "there is no image to validate on: every label has one image only; add images, or pass --validation");
  warn_of_unmeasured(parts.validation);

  SplitData data{part_of(parts.train), part_of(parts.validation), {}, {}, {}};
  if (parts.test.dataset && parts.test.dataset->size() > 0) data.test = part_of(parts.test);
  for (const Finding& finding : scanned.findings) {
    const std::size_t shown = std::min(kExamples, finding.examples.size());
    data.findings.push_back(
        {finding.what,
         finding.count,
         {finding.examples.begin(), finding.examples.begin() + static_cast<std::ptrdiff_t>(shown)}});
  }
  data.data_digest = {{"train", digest_of(data.train)}, {"validation", digest_of(data.validation)}};
  if (data.test.dataset) data.data_digest["test"] = digest_of(data.test);
  return data;
}

}  // namespace graft
