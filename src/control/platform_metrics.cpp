#include "control/platform_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>

namespace graft {
namespace {

const prometheus::Histogram::BucketBoundaries kSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                       0.25,   0.5,   1,      2.5,   5,    10,    60};
constexpr double kWindow = 3600;
constexpr int kPeriod = 60;
constexpr std::size_t kMostSeries = 5000;

// Prometheus's rule for names of labels.
std::string label_name(std::string_view name) {
  std::string out(name);
  std::ranges::replace_if(
      out, [](char c) { return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')); }, '_');
  return out.empty() || (out[0] >= '0' && out[0] <= '9') || out.starts_with("__") ? "x" + out : out;
}

std::map<std::string, std::string> labels_of(const Metric& metric) {
  std::map<std::string, std::string> labels{{"namespace", metric.space}, {"name", metric.name}};
  for (const auto& [name, value] : metric.dimensions) labels.emplace(label_name(name), value);
  return labels;
}

}  // namespace

struct PlatformMetrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("graft_requests_total")
                                                          .Help("Requests, by service and status")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& seconds = prometheus::BuildHistogram()
                                                           .Name("graft_request_seconds")
                                                           .Help("From a request's header to its answer")
                                                           .Register(registry);
};

PlatformMetrics::PlatformMetrics() : state_(std::make_unique<State>()) {}
PlatformMetrics::~PlatformMetrics() = default;

void PlatformMetrics::request(std::string_view service, int status, double seconds) {
  const std::string name(service);
  state_->requests.Add({{"service", name}, {"status", std::to_string(status)}}).Increment();
  state_->seconds.Add({{"service", name}}, kSeconds).Observe(seconds);
}

std::string PlatformMetrics::text() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

std::string account_metrics(const Metrics& metrics, const std::string& account, double now) {
  prometheus::Registry registry;
  auto& latest = prometheus::BuildGauge()
                     .Name("graft_metric")
                     .Help("The mean of the last minute that has numbers, as CloudWatch has them")
                     .Register(registry);
  std::size_t series = 0;
  for (const Metric& metric : metrics.list(account, {})) {
    const auto periods = metrics.statistics(account, metric, now - kWindow, now + kPeriod, kPeriod);
    if (periods.empty()) continue;
    if (++series > kMostSeries) break;
    latest.Add(labels_of(metric)).Set(periods.back().average());
  }
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

}  // namespace graft
