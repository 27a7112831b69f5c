// How an endpoint becomes another one: new instances aside, traffic in steps, back where something goes wrong.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/log.h"
#include "hosting/forward.h"
#include "hosting/hosted_endpoint.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;
using Status = EndpointState::Status;
using Shift = DeploymentSpec::Shift;

constexpr std::chrono::seconds kLongestStart{300};
constexpr std::chrono::milliseconds kProbe{50};
constexpr std::chrono::milliseconds kProbeTime{2'000};
constexpr std::chrono::seconds kLongestProbe{20};
constexpr std::chrono::milliseconds kLookAtAlarms{500};
constexpr std::chrono::seconds kBetweenWakes{1};  // after one that failed
constexpr int kMostTries = 5;                     // to get a model
constexpr std::chrono::seconds kBetweenTries{2};
constexpr int kWhole = 100;

// Whether the same processes serve both; weights and numbers of instances may differ.
bool served_alike(const Fleet& before, const Fleet& after) {
  return before.variants().size() == after.variants().size() &&
         std::ranges::all_of(after.variants(), [&](const FleetVariant& variant) {
           const FleetVariant* other = before.find(variant.spec.name);
           return other && other->serving == variant.serving;
         });
}

bool asks_for_the_same(const VariantSpec& a, const VariantSpec& b) {
  return a.model == b.model && a.model_uri == b.model_uri && a.image == b.image && a.environment == b.environment &&
         a.multi_model == b.multi_model && a.instance_type == b.instance_type;
}

// Whether its process has what this instance is for.
bool serves(const Instance& instance) {
  if (instance.probe.empty()) return true;
  try {
    const std::shared_ptr<ClientPool> client = instance.process->client();
    return client && forward(*client, {.method = "GET", .target = instance.probe}, kProbeTime).status == 200;
  } catch (const Error&) {
    return false;
  }
}

// The percentages of the traffic that go to the new fleet, one after the other.
std::vector<int> steps_of(const DeploymentSpec& deployment) {
  const int step = std::clamp(deployment.step_percent, 1, kWhole);
  if (deployment.shift == Shift::all_at_once || step == kWhole) return {kWhole};
  if (deployment.shift == Shift::canary) return {step, kWhole};
  std::vector<int> steps;
  for (int percent = step; percent < kWhole; percent += step) steps.push_back(percent);
  steps.push_back(kWhole);
  return steps;
}

Clock::time_point after_seconds(double seconds) {
  constexpr double kMost = 1e6;
  return Clock::now() + std::chrono::milliseconds(std::llround(1000 * std::clamp(seconds, 0.0, kMost)));
}

EndpointSpec with_weights_of(EndpointSpec spec, const FleetPointer& before) {
  if (!before) return spec;
  for (VariantSpec& variant : spec.variants) {
    const FleetVariant* known = before->find(variant.name);
    if (!known) continue;
    variant.weight = known->spec.weight;
    variant.instances = known->spec.instances;
  }
  return spec;
}

}  // namespace

void HostedEndpoint::deploy(EndpointSpec spec) {
  const RoutingPointer now = routing();
  const FleetPointer before = now ? now->fleet() : nullptr;
  std::vector<InstancePointer> launched;
  try {
    set(before ? Status::updating : Status::creating, "");
    if (spec.keep_weights) spec = with_weights_of(std::move(spec), before);
    std::vector<FleetVariant> variants = prepare(spec, before);
    launch(spec, variants, before, launched);
    wait_until_ready(launched);
    const auto after = std::make_shared<const Fleet>(std::move(spec), std::move(variants));
    if (before && !asleep_ && !served_alike(*before, *after)) shift(before, after);
    asleep_ = false;
    route(after);
    if (before) house_.retirement.retire(without(before->instances(), after->instances()));
    set(Status::in_service, "");
  } catch (const Stopped&) {
    house_.retirement.retire(launched);
    throw;
  } catch (const Superseded&) {
    house_.retirement.retire(launched);
  } catch (const std::exception& error) {
    spdlog::warn("the endpoint {}: {}", name_, error.what());
    if (before) {
      set(Status::rolling_back, error.what());
      route(before);
    }
    house_.retirement.retire(launched);
    set(before ? Status::in_service : Status::failed, error.what());
  }
}

std::vector<FleetVariant> HostedEndpoint::prepare(const EndpointSpec& spec, const FleetPointer& before) {
  std::vector<FleetVariant> variants;
  for (const VariantSpec& variant : spec.variants) {
    const FleetVariant* known = before ? before->find(variant.name) : nullptr;
    // Of the same configuration it is the same model, whatever lies at its place in S3 by now.
    if (known && before->spec().config == spec.config && asks_for_the_same(known->spec, variant)) {
      variants.push_back(*known);
      variants.back().spec = variant;
      variants.back().instances.clear();
    } else {
      variants.push_back(prepare_patiently(spec, variant));
    }
    give_way();
  }
  return variants;
}

// When the platform starts, the store that its endpoints' models are in may be there a moment later.
FleetVariant HostedEndpoint::prepare_patiently(const EndpointSpec& spec, const VariantSpec& variant) {
  for (int tries = 1;; ++tries) {
    try {
      return house_.launcher.prepare(spec, variant, [this] { return stopping_ || is_superseded(); });
    } catch (const Error& error) {
      give_way();
      if (error.kind() != Kind::unavailable || tries == kMostTries) throw;
      spdlog::warn("the endpoint {}: {}; it is tried again", name_, error.what());
    }
    pause_until(Clock::now() + kBetweenTries);
  }
}

void HostedEndpoint::launch(const EndpointSpec& spec, std::vector<FleetVariant>& variants, const FleetPointer& before,
                            std::vector<InstancePointer>& launched) {
  for (FleetVariant& variant : variants) {
    const FleetVariant* known = before ? before->find(variant.spec.name) : nullptr;
    const auto wanted = static_cast<std::size_t>(std::max(0, variant.spec.instances));
    if (known && known->serving == variant.serving) {
      const std::size_t kept = std::min(wanted, known->instances.size());
      variant.instances.assign(known->instances.begin(), known->instances.begin() + static_cast<std::ptrdiff_t>(kept));
    }
    while (variant.instances.size() < wanted) {
      variant.instances.push_back(house_.launcher.launch(spec, variant, variant.instances.size()));
      launched.push_back(variant.instances.back());
    }
  }
}

// An endpoint that serves nothing yet becomes first what it was told first.
bool HostedEndpoint::is_superseded() const {
  const std::lock_guard lock(mutex_);
  return routing_ && !wishes_.empty();
}

void HostedEndpoint::give_way() const {
  if (stopping_) throw Stopped{};
  if (is_superseded()) throw Superseded{};
}

// Throws why it is never going to be.
bool HostedEndpoint::is_ready(const Instance& instance) const {
  const ServingProcess::Phase phase = instance.process->phase();
  if (phase == ServingProcess::Phase::failed || phase == ServingProcess::Phase::stopped) {
    fail(Kind::unavailable,
         "The primary container did not pass the ping health check. Please check CloudWatch logs for "
         "this endpoint. (",
         instance.process->failure(), ")");
  }
  return phase == ServingProcess::Phase::ready;
}

void HostedEndpoint::wait_until_ready(const std::vector<InstancePointer>& instances) {
  const Clock::time_point latest = Clock::now() + kLongestStart;
  for (const InstancePointer& instance : instances) {
    const auto one_settled = [&] {
      return stopping_ || is_superseded() || instance->process->phase() != ServingProcess::Phase::starting;
    };
    if (!house_.bell->wait_until(latest, one_settled)) {
      fail(Kind::unavailable, "it did not start within ", kLongestStart.count(), " s");
    }
    give_way();
    const Clock::time_point latest_probe = Clock::now() + kLongestProbe;
    while (!is_ready(*instance) || !serves(*instance)) {
      if (Clock::now() > latest_probe) {
        fail(Kind::unavailable, "its process does not serve it: its log says why");
      }
      pause_until(Clock::now() + kProbe);
      give_way();
    }
  }
}

void HostedEndpoint::shift(const FleetPointer& before, const FleetPointer& after) {
  const DeploymentSpec& deployment = after->spec().deployment;
  const Clock::time_point latest = after_seconds(deployment.timeout_seconds);
  for (const int percent : steps_of(deployment)) {
    route(before, after, percent);
    set(Status::updating, "");
    bake(after->spec(), deployment.wait_seconds, latest);
  }
}

void HostedEndpoint::bake(const EndpointSpec& spec, double seconds, Clock::time_point latest) {
  const Clock::time_point end = after_seconds(seconds);
  for (;;) {
    for (const std::string& alarm : spec.deployment.alarms) {
      if (house_.options.in_alarm && house_.options.in_alarm(account_, alarm)) {
        fail(Kind::unavailable, "The deployment was rolled back: the alarm ", alarm, " went off.");
      }
    }
    const Clock::time_point now = Clock::now();
    if (now >= end) return;
    if (now >= latest) fail(Kind::unavailable, "The deployment was rolled back: it took longer than it may.");
    pause_until(std::min(end, now + kLookAtAlarms));
  }
}

void HostedEndpoint::fall_asleep() {
  const FleetPointer before = routing()->fleet();
  std::vector<FleetVariant> variants = before->variants();
  for (FleetVariant& variant : variants) variant.instances.clear();
  asleep_ = true;
  route(std::make_shared<const Fleet>(before->spec(), std::move(variants)));
  house_.retirement.retire(before->instances());
  spdlog::info("the endpoint {} has had no request for {} s, and sleeps until the next one", name_,
               before->spec().idle_seconds);
  set(Status::in_service, "");
}

void HostedEndpoint::wake() {
  const FleetPointer before = routing()->fleet();
  std::vector<FleetVariant> variants = before->variants();
  std::vector<InstancePointer> launched;
  try {
    launch(before->spec(), variants, nullptr, launched);
    wait_until_ready(launched);
    last_use_ = Clock::now().time_since_epoch().count();
    route(std::make_shared<const Fleet>(before->spec(), std::move(variants)));
    asleep_ = false;
    set(Status::in_service, "");
  } catch (const Stopped&) {
    house_.retirement.retire(launched);
    throw;
  } catch (const Superseded&) {  // who waits for it to wake is answered by what comes next
    house_.retirement.retire(launched);
  } catch (const std::exception& error) {
    house_.retirement.retire(launched);
    set(Status::in_service, error.what());
    ++failed_wakes_;
    house_.bell->ring();
    pause_until(Clock::now() + kBetweenWakes);
  }
}

}  // namespace graft
