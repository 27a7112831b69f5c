#include "hosting/routing.h"

#include "hosting/runtime_answer.h"

namespace graft {

Routing::Routing(FleetPointer fleet, FleetPointer next, int percent)
    : fleet_(std::move(fleet)),
      next_(std::move(next)),
      split_({static_cast<double>(100 - percent), static_cast<double>(next_ ? percent : 0)}) {}

Routing::Choice Routing::choose(std::optional<std::string_view> name) const {
  FleetPointer first = fleet_, second = next_;
  if (next_) {
    const std::lock_guard lock(mutex_);
    if (split_.next() == std::size_t{1}) std::swap(first, second);
  }
  for (const FleetPointer& fleet : {first, second}) {
    if (!fleet) continue;
    if (const FleetVariant* variant = name ? fleet->find(*name) : fleet->next()) return {fleet, variant};
  }
  const EndpointSpec& spec = fleet_->spec();
  if (name) {
    throw Error(Kind::invalid, kValidationError,
                text("Variant ", name->substr(0, 63), " not found for endpoint ", spec.name, "."));
  }
  throw Error(Kind::invalid, kValidationError,
              text("All variants of endpoint ", spec.name, " have the weight 0: name a TargetVariant."));
}

Lease Routing::lease_anywhere(Choice& choice, bool named, const std::optional<Spent>& spent) {
  Lease lease = lease_of(*choice.variant, spent);
  if (lease || named) return lease;
  for (const FleetVariant& variant : choice.fleet->variants()) {
    if (!(variant.spec.weight > 0)) continue;
    lease = lease_of(variant, spent);
    if (!lease) continue;
    choice.variant = &variant;
    break;
  }
  return lease;
}

}  // namespace graft
