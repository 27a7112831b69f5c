// What a training run found out, as data, and as one self-contained HTML page.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "bundle/precision.h"

namespace graft {

// A share with its 95 % interval, all in 0 .. 1.
struct Interval {
  double value = 0, low = 0, high = 0;
};

// One seed's way through training. Values that were not measured at a point are NaN.
struct CurvePoint {
  double step = 0;  // optimizer steps, or, for a head fitted in closed passes, epochs
  double train_loss = 0, train_accuracy = 0, validation_loss = 0, validation_accuracy = 0;
};
struct Curve {
  std::uint64_t seed = 0;
  std::vector<CurvePoint> points;
  double best_step = 0;  // where the kept checkpoint comes from
};

// One way of training ("transfer", "from scratch"), over its seeds.
struct RunSummary {
  std::string name;
  std::string description;  // one sentence: network, mode, epochs
  std::vector<Curve> curves;
  std::vector<double> accuracies;  // of each seed, on the reported split
  Interval accuracy;               // of their mean
  double seconds = 0;              // of all seeds
  OrderedJson settings;
};

struct LabelMetrics {
  std::string label;
  std::size_t images = 0;
  double precision = 0, recall = 0;
};

struct Mistake {
  std::string name;  // of the image
  std::string truth, predicted;
  double probability = 0;
  Bytes picture;  // JPEG, small
};

// Reliability: of the images whose confidence falls into a bin, the mean confidence and the share that is right.
struct CalibrationBin {
  double confidence = 0, accuracy = 0;
  std::size_t images = 0;
};
struct Calibration {
  std::vector<CalibrationBin> bins;
  double expected_error = 0;  // expected calibration error, Guo et al. 2017
};

struct ScanFinding {
  std::string what;  // "unreadable", "duplicate", ...
  std::size_t images = 0;
  std::vector<std::string> examples;
};

struct TimeSpent {
  std::string phase;
  double seconds = 0;
};

struct Report {
  std::string title;
  std::string created;         // ISO 8601
  std::string verdict;         // the result in one sentence, first thing on the page
  std::string reported_split;  // "test", or "validation" when there is no test set
  std::vector<std::string> labels;
  OrderedJson splits;                               // {"train": 244, "validation": 76, ...}
  double majority_accuracy = 0;                     // of always answering the commonest label, on the reported split
  std::vector<RunSummary> runs;                     // the kept model's run first
  std::vector<LabelMetrics> per_label;              // of the kept model, on the reported split
  std::vector<std::vector<std::size_t>> confusion;  // [truth][predicted]
  std::vector<Mistake> mistakes;                    // the most confident first
  Calibration before, after;                        // temperature scaling
  double temperature = 1;
  Precision precision = Precision::fp32;  // that the kept model answers in
  std::vector<PrecisionCheck> precision_checks;
  std::vector<ScanFinding> scan;
  std::vector<TimeSpent> time;
  OrderedJson provenance;
};

// report.json: everything but the pictures.
OrderedJson to_json(const Report& report);

// report.html: no script from elsewhere, no link, plots as inline SVG; reads well on a phone, on paper and in dark
// mode.
void write_html(const std::filesystem::path& path, const Report& report);

}  // namespace graft
