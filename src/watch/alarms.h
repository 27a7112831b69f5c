// CloudWatch's alarms: a metric that is compared with a threshold. Their state is worked out when somebody asks.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "watch/metrics.h"

namespace graft {

struct Alarm {
  std::string name{};
  Metric metric{};
  std::string statistic = "Average";  // SampleCount, Average, Sum, Minimum, Maximum, or a percentile: "p99.9"
  int period = 60;                    // seconds
  int periods = 1;                    // that are looked at
  int breaching = 1;                  // of them, as many as make an alarm
  double threshold = 0;
  std::string comparison{};         // "GreaterThanThreshold", ...
  std::string missing = "missing";  // TreatMissingData: missing, notBreaching, breaching, ignore
  std::string request{};            // PutMetricAlarm's input, as JSON
  double configured = 0;            // when; seconds since 1970
  std::string state = "INSUFFICIENT_DATA", reason = "Unchecked: Initial alarm creation";
  double changed = 0;  // when the state did
};

// The value of a statistic's name. REQUIRES: is_statistic(name).
double value_of(const Statistics& statistics, const std::string& name);
bool is_statistic(const std::string& name);

class Alarms {
 public:
  // Kept in `folder`, which is made. `metrics` must outlive it. Thread-safe.
  Alarms(const std::filesystem::path& folder, const Metrics& metrics);
  ~Alarms();

  // Keeps the state of one that there is.
  void put(const std::string& account, const Alarm& alarm);
  // By name, with their states at `now`.
  std::vector<Alarm> list(const std::string& account, double now) const;
  std::size_t count(const std::string& account) const;
  // False when there is none.
  bool erase(const std::string& account, const std::string& name);

  // Whether it is in ALARM now. An alarm that does not exist is not.
  bool in_alarm(const std::string& account, const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
