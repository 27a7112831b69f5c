// A run's numbers as lines on stdout, from which SageMaker's regular expressions read them: in the form of the built-in
// image-classification algorithm, and in graft's.
//
//   Epoch[0] Train-accuracy=0.450000
//   Epoch[0] Time cost=1.234
//   Epoch[0] Validation-accuracy=0.770000
//   epoch=1; train:accuracy=0.450000; train:loss=1.234000; validation:accuracy=0.770000; validation:loss=0.690000;
#pragma once

#include <chrono>
#include <filesystem>
#include <istream>
#include <map>
#include <optional>
#include <string>

#include "base/json_forward.h"

namespace graft {

// Of one line of metrics.jsonl; `number` is the epoch's, from 0. `seconds`: what it took, where that is known.
std::string metric_lines(const Json& metrics, int number, std::optional<double> seconds);

// The last lines of a job: what the model that is kept reached.
std::string kept_lines(std::optional<double> validation_accuracy, std::optional<double> test_accuracy);

// Follows the metrics.jsonl files below a folder while they are written.
class MetricFollower {
 public:
  // Of the runs in `folder` whose names begin with `name`: a comparison has several.
  MetricFollower(std::filesystem::path folder, std::string name);

  // The lines of what is new since the last call.
  std::string news();

  // Of the epoch whose weights are kept.
  std::optional<double> best_validation_accuracy() const { return best_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Followed {
    std::uint64_t read = 0;  // bytes of the file
    std::string last{};      // the last line of these
    std::int64_t step = -1;  // the last that was said
    int lines = 0;
    Clock::time_point since;  // the last line, or the file's appearance
  };
  std::string follow(const std::filesystem::path& file, Followed& state);
  static void go_on(std::istream& file, Followed& state);
  std::string say(const std::string& line, Followed& state);

  std::filesystem::path folder_;
  std::string name_;
  std::map<std::filesystem::path, Followed> files_;
  std::optional<double> best_;
};

}  // namespace graft
