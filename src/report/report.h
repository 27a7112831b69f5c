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

// Where a rank's time went in a run's steps, in seconds.
struct RankTime {
  int rank = 0;
  std::string host{};
  double images = 0;         // that it computed
  double data = 0;           // waiting for images
  double compute = 0;        // forward, backward and update
  double communication = 0;  // in which gradients were on their way
  double exposed = 0;        // of that, what the step waited for
  double total() const { return data + compute + exposed; }
};

// A bucket of gradients in one step, in seconds since the backward pass began.
struct BucketTime {
  double megabytes = 0;
  double ready = 0;           // its gradients were computed
  double begin = 0, end = 0;  // of its sum over all ranks
};

// How ranks trained together.
struct Scaling {
  std::vector<RankTime> ranks;  // over the whole run; empty: one process alone
  double backward = 0;          // of the step below
  std::vector<BucketTime> timeline;

  double images_per_second() const;
  // Of the time that gradients were on their way, the share behind which something was computed.
  double hidden() const;
  // Of what as many processes would do that wait for no other.
  double efficiency() const;
};
OrderedJson to_json(const RankTime& time);
// What to change to be faster, in one sentence or a few.
std::string advice(const Scaling& scaling);

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
  Scaling scaling;  // of the kept model's run
  OrderedJson provenance;
};

// report.json: everything but the pictures.
OrderedJson to_json(const Report& report);

// report.html: no script from elsewhere, no link, plots as inline SVG; reads well on a phone, on paper and in dark
// mode.
void write_html(const std::filesystem::path& path, const Report& report);

}  // namespace graft
