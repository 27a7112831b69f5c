#include "serve/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace graft {
namespace {

using prometheus::Histogram;

const Histogram::BucketBoundaries kSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                           0.1,    0.25,  0.5,    1,     2.5,  5,     10};
const Histogram::BucketBoundaries kSizes{1, 2, 4, 8, 16, 32, 64, 128};

}  // namespace

struct ServingMetrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter().Name("graft_requests_total").Help("Requests, by route and status").Register(registry);
  prometheus::Counter& pictures = prometheus::BuildCounter()
                                      .Name("graft_pictures_total")
                                      .Help("Pictures that were computed")
                                      .Register(registry)
                                      .Add({});
  prometheus::Family<Histogram>& seconds = prometheus::BuildHistogram()
                                               .Name("graft_seconds")
                                               .Help("Decoding, waiting and computing of pictures; whole requests")
                                               .Register(registry);
  Histogram& decode = seconds.Add({{"phase", "decode"}}, kSeconds);
  Histogram& wait = seconds.Add({{"phase", "wait"}}, kSeconds);
  Histogram& compute = seconds.Add({{"phase", "compute"}}, kSeconds);
  Histogram& all = seconds.Add({{"phase", "all"}}, kSeconds);
  Histogram& batch = prometheus::BuildHistogram()
                         .Name("graft_batch_pictures")
                         .Help("Pictures that were computed together")
                         .Register(registry)
                         .Add({}, kSizes);
  prometheus::Gauge& queue = gauge("graft_queue_pictures", "Pictures of requests that are not answered yet");
  prometheus::Gauge& models = gauge("graft_models", "Models that are loaded");
  prometheus::Gauge& resident = gauge("graft_resident_bytes", "Memory of the process");

  prometheus::Gauge& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }
};

ServingMetrics::ServingMetrics() : state_(std::make_unique<State>()) {}
ServingMetrics::~ServingMetrics() = default;

void ServingMetrics::request(std::string_view route, int status) {
  state_->requests.Add({{"route", std::string(route)}, {"status", std::to_string(status)}}).Increment();
}

void ServingMetrics::answered(double seconds) {
  state_->all.Observe(seconds);
}

void ServingMetrics::decoded(double seconds) {
  state_->decode.Observe(seconds);
}

void ServingMetrics::computed(const BatchTimes& batch) {
  state_->pictures.Increment(static_cast<double>(batch.waited.size()));
  state_->batch.Observe(static_cast<double>(batch.waited.size()));
  state_->compute.Observe(batch.computed.count());
  for (const auto& waited : batch.waited) state_->wait.Observe(waited.count());
}

std::string ServingMetrics::text(const Now& now) {
  state_->queue.Set(static_cast<double>(now.pictures));
  state_->models.Set(static_cast<double>(now.models));
  state_->resident.Set(static_cast<double>(now.resident_bytes));
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace graft
