// Where an endpoint's requests go now: to its instances, or while it is updated in part to the old, in part to the new.
#pragma once

#include <mutex>
#include <optional>
#include <string_view>

#include "hosting/fleet.h"

namespace graft {

class Routing {
 public:
  // `percent` of the requests go to `next`. An endpoint that is asleep has no instances.
  explicit Routing(FleetPointer fleet, FleetPointer next = nullptr, int percent = 0);

  struct Choice {
    FleetPointer fleet{};
    const FleetVariant* variant = nullptr;  // of the fleet
  };
  // By weight, or the variant of that name. Throws kValidationError where there is none.
  Choice choose(std::optional<std::string_view> name) const;

  // Of the fleet first chosen from, where the variant has no instance that is ready: another that has.
  static Lease lease_anywhere(Choice& choice, bool named, const std::optional<Spent>& spent);

  const FleetPointer& fleet() const { return fleet_; }
  const FleetPointer& next() const { return next_; }

 private:
  FleetPointer fleet_, next_;
  mutable std::mutex mutex_;
  mutable SmoothChoice split_;  // guarded by mutex_
};
using RoutingPointer = std::shared_ptr<const Routing>;

}  // namespace graft
