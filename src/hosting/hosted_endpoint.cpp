#include "hosting/hosted_endpoint.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/words.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;
using Status = EndpointState::Status;

constexpr std::size_t kMostOfAFailure = 1024;
constexpr std::chrono::seconds kLookAtIdleness{1}, kTellAgain{1};
constexpr std::chrono::hours kLong{24};

}  // namespace

HostedEndpoint::HostedEndpoint(House& house, EndpointSpec spec)
    : house_(house),
      account_(spec.account),
      region_(spec.region),
      name_(spec.name),
      returns_(spec.returns),
      wanted_(std::move(spec)),
      wishes_{wanted_},
      last_use_(Clock::now().time_since_epoch().count()) {
  thread_ = std::thread([this] { work(); });
}

HostedEndpoint::~HostedEndpoint() {
  stop();
  thread_.join();
}

void HostedEndpoint::apply(EndpointSpec spec) {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = std::move(spec);
    // Of what waits the last one is all that counts, but for the first of an endpoint that serves nothing yet.
    if (wishes_.size() > (routing_ ? 0 : 1)) wishes_.pop_back();
    wishes_.push_back(wanted_);
    status_ = routing_ ? Status::updating : Status::creating;
    failure_.clear();
  }
  house_.bell->ring();
}

void HostedEndpoint::stop() {
  if (!stopping_.exchange(true)) house_.bell->ring();
  const std::lock_guard lock(telling_);
}

RoutingPointer HostedEndpoint::routing() const {
  const std::lock_guard lock(mutex_);
  return routing_;
}

bool HostedEndpoint::has_failed() const {
  const std::lock_guard lock(mutex_);
  return !routing_ && status_ == Status::failed;
}

void HostedEndpoint::route(FleetPointer fleet, FleetPointer next, int percent) {
  auto routing = std::make_shared<const Routing>(std::move(fleet), std::move(next), percent);
  {
    const std::lock_guard lock(mutex_);
    routing_ = std::move(routing);
  }
  house_.bell->ring();
}

void HostedEndpoint::set(Status status, const std::string& failure) {
  {
    const std::lock_guard lock(mutex_);
    // It would be taken for what became of the wish that waits.
    if (!wishes_.empty()) return;
    status_ = status;
    failure_ = cut(failure, kMostOfAFailure);
  }
  if (status == Status::failed) house_.bell->ring();
  tell();
}

// Who could not keep it, as on a full disk, is told again.
void HostedEndpoint::tell() {
  const std::lock_guard lock(telling_);
  if (!house_.listener.changed || stopping_) return;
  try {
    house_.listener.changed(state());
    told_ = true;
  } catch (const std::exception& error) {
    if (told_) spdlog::error("{}: that it changed is not kept, and told again: {}", name_, error.what());
    told_ = false;
  }
}

EndpointState HostedEndpoint::state() const {
  const std::lock_guard lock(mutex_);
  const FleetPointer fleet = routing_ ? routing_->fleet() : nullptr;
  const bool settled = status_ == Status::in_service || status_ == Status::rolling_back;
  const EndpointSpec& wish = settled && fleet ? fleet->spec() : wanted_;
  EndpointState state{.account = account_,
                      .name = name_,
                      .config = fleet ? fleet->spec().config : wanted_.config,
                      .status = status_,
                      .failure = failure_};
  for (const VariantSpec& wanted : wish.variants) {
    state.variants.push_back(
        {.name = wanted.name, .desired_weight = wanted.weight, .desired_instances = wanted.instances});
  }
  if (!fleet) return state;
  for (const FleetVariant& variant : fleet->variants()) {
    auto found = std::ranges::find(state.variants, variant.spec.name, &VariantState::name);
    if (found == state.variants.end()) found = state.variants.insert(found, {.name = variant.spec.name});
    found->current_weight = variant.spec.weight;
    const auto ready =
        std::ranges::count_if(variant.instances, [](const InstancePointer& each) { return each->process->is_ready(); });
    found->current_instances = static_cast<int>(ready);
  }
  return state;
}

void HostedEndpoint::pause_until(Clock::time_point time) {
  house_.bell->wait_until(time, [this] { return stopping_.load(); });
  if (stopping_) throw Stopped{};
}

bool HostedEndpoint::is_idle() const {
  const RoutingPointer now = routing();
  if (!now || asleep_ || now->fleet()->spec().idle_seconds <= 0) return false;
  const Clock::time_point last{Clock::duration(last_use_)};
  if (Clock::now() - last < std::chrono::duration<double>(now->fleet()->spec().idle_seconds)) return false;
  return std::ranges::none_of(now->fleet()->instances(),
                              [](const InstancePointer& each) { return each->in_flight > 0; });
}

void HostedEndpoint::work() {
  const auto next = [this] {
    const std::lock_guard lock(mutex_);
    return stopping_ || !wishes_.empty() || (asleep_ && waiting_ > 0);
  };
  try {
    while (!stopping_) {
      const RoutingPointer now = routing();
      const bool may_sleep = now && !asleep_ && now->fleet()->spec().idle_seconds > 0;
      const auto period = !told_ ? kTellAgain : may_sleep ? kLookAtIdleness : std::chrono::seconds(kLong);
      house_.bell->wait_until(Clock::now() + period, next);
      if (stopping_) break;
      std::optional<EndpointSpec> wish;
      {
        const std::lock_guard lock(mutex_);
        if (!wishes_.empty()) {
          wish = std::move(wishes_.front());
          wishes_.pop_front();
        }
      }
      if (wish) {
        deploy(std::move(*wish));
      } else if (asleep_ && waiting_ > 0) {
        wake();
      } else if (is_idle()) {
        fall_asleep();
      } else if (!told_) {
        tell();
      }
    }
  } catch (const Stopped&) {
  }
  const RoutingPointer last = routing();
  if (last) house_.retirement.retire(last->fleet()->instances());
  stopped_ = true;
}

}  // namespace graft
