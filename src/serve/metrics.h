// What the server counts and times, for Prometheus.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "serve/batcher.h"

namespace graft {

// Thread-safe.
class ServingMetrics {
 public:
  ServingMetrics();
  ~ServingMetrics();
  ServingMetrics(const ServingMetrics&) = delete;
  ServingMetrics& operator=(const ServingMetrics&) = delete;

  void request(std::string_view route, int status);
  // A request for predictions, from its header to its answer; a picture, from its file's bytes to what the network
  // takes.
  void answered(double seconds);
  void decoded(double seconds);
  void computed(const BatchTimes& batch);

  // What is known when it is asked for.
  struct Now {
    std::size_t pictures = 0, models = 0, resident_bytes = 0;
  };
  // In Prometheus's text form, version 0.0.4.
  std::string text(const Now& now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
