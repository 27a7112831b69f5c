// Starts a variant's instances: gets its model, chooses the program, and lets models of one backbone share processes.
#pragma once

#include <thread>

#include "hosting/fleet.h"
#include "hosting/hosting.h"
#include "hosting/shared_backbones.h"

namespace graft {

class Launcher {
 public:
  Launcher(const HostingOptions& options, const HostingListener& listener, std::shared_ptr<Bell> bell);
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // Gets the variant's model, unless that is `unwanted` meanwhile. It has no instances yet. Throws why it cannot be
  // served.
  FleetVariant prepare(const EndpointSpec& endpoint, const VariantSpec& variant, const ModelCache::Unwanted& unwanted);

  // The variant's instance of this number, which counts from 0. Returns before it is ready.
  InstancePointer launch(const EndpointSpec& endpoint, const FleetVariant& variant, std::size_t number);

 private:
  void launch_graft(const EndpointSpec& endpoint, const FleetVariant& variant, Instance& instance);
  void launch_container(const EndpointSpec& endpoint, const FleetVariant& variant, Instance& instance);
  ServingProgram program_of(const EndpointSpec& endpoint, const VariantSpec& variant, const Instance& instance) const;

  const HostingOptions& options_;
  const HostingListener& listener_;
  const std::shared_ptr<Bell> bell_;
  ModelCache cache_;
  SharedBackbones backbones_;
  std::thread cleaning_;  // takes away what a platform that was killed left
};

}  // namespace graft
