// All instances of an endpoint's configuration, and which of them a request goes to.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosting/endpoint.h"
#include "hosting/instance.h"
#include "hosting/smooth_choice.h"

namespace graft {

struct FleetVariant {
  VariantSpec spec{};
  std::string serving{};       // names what its processes are: where it is the same, they can be
  CachedModelPointer model{};  // null where each request names one, and where the image has it
  std::vector<InstancePointer> instances{};
};

// Does not change but for whose turn it is. Thread-safe.
class Fleet {
 public:
  Fleet(EndpointSpec spec, std::vector<FleetVariant> variants);

  const EndpointSpec& spec() const { return spec_; }
  const std::vector<FleetVariant>& variants() const { return variants_; }
  std::vector<InstancePointer> instances() const;

  const FleetVariant* find(std::string_view name) const;
  // By weight; null where all weights are 0.
  const FleetVariant* next() const;

 private:
  EndpointSpec spec_;
  std::vector<FleetVariant> variants_;
  mutable std::mutex mutex_;
  mutable SmoothChoice choice_;  // guarded by mutex_
};
using FleetPointer = std::shared_ptr<const Fleet>;

// What has failed in one way or another at a process: no reason to try it again until it was started anew.
struct Spent {
  const ServingProcess* process = nullptr;
  unsigned start = 0;
};

// The ready instance with the fewest requests; empty where there is none.
Lease lease_of(const FleetVariant& variant, const std::optional<Spent>& spent);

// Those of `instances` that are not among `others`.
std::vector<InstancePointer> without(const std::vector<InstancePointer>& instances,
                                     const std::vector<InstancePointer>& others);

}  // namespace graft
