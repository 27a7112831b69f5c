// The numbers of a run as they come: metrics.jsonl for programs, event files for TensorBoard.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>

#include "learn/trainer.h"
#include "report/tensorboard.h"

namespace graft {

class MetricLog {
 public:
  // `folder` is made. What metrics.jsonl holds of steps after `first_step` belongs to a run that was killed and is
  // dropped.
  explicit MetricLog(std::filesystem::path folder, std::int64_t first_step = 0);

  void add(const EpochReport& report);
  // A whole curve at once: a head's.
  void add(const Curve& curve);

 private:
  void write(std::int64_t step, const OrderedJson& values);
  void draw(std::int64_t step, const RankTime& rank);

  std::ofstream lines_;
  EventWriter events_;
};

}  // namespace graft
