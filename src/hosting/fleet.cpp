#include "hosting/fleet.h"

#include <algorithm>
#include <climits>

namespace graft {
namespace {

std::vector<double> weights_of(const std::vector<FleetVariant>& variants) {
  std::vector<double> weights;
  for (const FleetVariant& variant : variants) weights.push_back(variant.spec.weight);
  return weights;
}

bool is_spent(const Instance& instance, const std::optional<Spent>& spent) {
  return spent && instance.process.get() == spent->process && instance.process->start() == spent->start;
}

}  // namespace

Fleet::Fleet(EndpointSpec spec, std::vector<FleetVariant> variants)
    : spec_(std::move(spec)), variants_(std::move(variants)), choice_(weights_of(variants_)) {}

std::vector<InstancePointer> Fleet::instances() const {
  std::vector<InstancePointer> all;
  for (const FleetVariant& variant : variants_) {
    all.insert(all.end(), variant.instances.begin(), variant.instances.end());
  }
  return all;
}

const FleetVariant* Fleet::find(std::string_view name) const {
  const auto found = std::ranges::find(variants_, name, [](const FleetVariant& each) { return each.spec.name; });
  return found == variants_.end() ? nullptr : &*found;
}

const FleetVariant* Fleet::next() const {
  if (variants_.size() == 1 && variants_.front().spec.weight > 0) return &variants_.front();
  const std::lock_guard lock(mutex_);
  const std::optional<std::size_t> chosen = choice_.next();
  return chosen ? &variants_[*chosen] : nullptr;
}

Lease lease_of(const FleetVariant& variant, const std::optional<Spent>& spent) {
  // Again where the best one was retired, or its process ended, between the look and the lease.
  for (std::size_t tries = 0; tries <= variant.instances.size(); ++tries) {
    const InstancePointer* best = nullptr;
    int fewest = INT_MAX;
    for (const InstancePointer& instance : variant.instances) {
      if (instance->retired || !instance->process->is_ready() || is_spent(*instance, spent)) continue;
      const int here = instance->in_flight;
      if (here < fewest) {
        fewest = here;
        best = &instance;
      }
    }
    if (!best) return {};
    if (Lease lease = Lease::of(*best)) return lease;
  }
  return {};
}

std::vector<InstancePointer> without(const std::vector<InstancePointer>& instances,
                                     const std::vector<InstancePointer>& others) {
  std::vector<InstancePointer> left;
  for (const InstancePointer& instance : instances) {
    const bool shared = std::ranges::find(others, instance) != others.end();
    if (!shared) left.push_back(instance);
  }
  return left;
}

}  // namespace graft
