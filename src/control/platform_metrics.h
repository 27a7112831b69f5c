// What a platform counts and times, for Prometheus.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "watch/metrics.h"

namespace graft {

// Thread-safe.
class PlatformMetrics {
 public:
  PlatformMetrics();
  ~PlatformMetrics();

  // A request of a service ("s3", "sagemaker") and how long it took until its answer was given.
  void request(std::string_view service, int status, double seconds);
  // In Prometheus's text form, version 0.0.4.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The latest numbers of an account's training jobs and endpoints, in the same form: those of the last hour.
std::string account_metrics(const Metrics& metrics, const std::string& account, double now);

}  // namespace graft
