// Metrics as CloudWatch keeps them: numbers with a time, by namespace, name and dimensions. Kept in SQLite;
// thread-safe.
//
// Numbers of the same second are one row: their count, sum, smallest and largest, and up to 256 of them, evenly out of
// their order, for percentiles. After three hours the rows of a minute become one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace graft {

struct Metric {
  std::string space{};                              // "/aws/sagemaker/TrainingJobs", "AWS/SageMaker"
  std::string name{};                               // "validation:accuracy"
  std::map<std::string, std::string> dimensions{};  // {"TrainingJobName": "j"}
};

// A value that stands for `weight` of them.
struct Sample {
  double value = 0, weight = 1;
};

// Of the values within one period.
struct Statistics {
  double time = 0;   // its begin, seconds since 1970
  double count = 0;  // clients may count in fractions
  double sum = 0, minimum = 0, maximum = 0;
  std::vector<Sample> samples{};  // ascending
  std::string unit{};             // of the metric

  double average() const { return count > 0 ? sum / count : 0; }
  // The value that so many percent are not above. Exact for up to 256 values a second.
  double percentile(double percent) const;
};

// Since 1970.
double now_seconds();

class Metrics {
 public:
  // Kept in `folder`, which is made.
  explicit Metrics(const std::filesystem::path& folder);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Costs microseconds: a thread writes it down within a tenth of a second, and what is not written then is lost with
  // the process; readers see it at once. Numbers and times that are not finite are dropped.
  void put(const std::string& account, const Metric& metric, double time, double value,
           const std::string& unit = "None");
  // Many values at once, as their statistics.
  void put(const std::string& account, const Metric& metric, const Statistics& statistics);

  // By period of so many seconds (at least 1), ascending; periods begin at multiples of their length, and those without
  // values are left out.
  std::vector<Statistics> statistics(const std::string& account, const Metric& metric, double begin, double end,
                                     int period) const;

  // Those of the namespace (all when empty) and name (all when empty) that have all of these dimensions; a dimension
  // with an empty value stands for any value. By namespace, name and dimensions.
  std::vector<Metric> list(const std::string& account, const Metric& like) const;

  // Makes rows of minutes of what is older than three hours, and drops what is older than 63 days. It happens by itself
  // each hour.
  void drop_old(double now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
