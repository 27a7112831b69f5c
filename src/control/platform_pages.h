// What the platform says of itself, under "/_/": health, and numbers for Prometheus.
#pragma once

#include "control/platform_metrics.h"
#include "http/message.h"
#include "identity/identity.h"

namespace graft {

struct PlatformState {
  bool ready = false;
  const Identity& identity;
  const PlatformMetrics& metrics;
  const Metrics& watched;
};

// "/_/health": 200, or 503 while it starts or ends. "/_/metrics": the platform's own numbers; for who gives an access
// key as user and its secret as password (HTTP basic authentication, as Prometheus sends it) also those of his
// account's jobs and endpoints.
Response platform_page(const Request& request, const PlatformState& state);

}  // namespace graft
