// Metrics as CloudWatch keeps them: numbers with a time, by namespace, name and dimensions. Kept in SQLite; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace graft {

struct Metric {
  std::string space{};                             // "/aws/sagemaker/TrainingJobs", "AWS/SageMaker"
  std::string name{};                              // "validation:accuracy"
  std::map<std::string, std::string> dimensions{};  // {"TrainingJobName": "j"}
};

// Of the values within one period.
struct Statistics {
  double time = 0;  // its begin, seconds since 1970
  std::int64_t count = 0;
  double sum = 0, minimum = 0, maximum = 0;
  std::vector<double> values{};  // for percentiles; ascending
};

class Metrics {
 public:
  explicit Metrics(const std::filesystem::path& folder);
  ~Metrics();

  // May be lost with the power, not with the process. Numbers that are not finite are dropped.
  void put(const std::string& account, const Metric& metric, double time, double value, const std::string& unit = "None");

  // By period of so many seconds, ascending; periods without values are left out.
  std::vector<Statistics> statistics(const std::string& account, const Metric& metric, double begin, double end,
                                     int period) const;

  // Those of the namespace (all when empty) that have all of these dimensions.
  std::vector<Metric> list(const std::string& account, const Metric& like) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
