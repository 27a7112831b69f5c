// The way of a request through an endpoint.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/log.h"
#include "hosting/forward.h"
#include "hosting/hosted_endpoint.h"
#include "hosting/multi_model.h"
#include "hosting/runtime_answer.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// From a request to its answer. Clients wait for so long as a rule.
constexpr std::chrono::seconds kLongest{60};
// Of it, for an endpoint to wake, or a process to be started again.
constexpr std::chrono::seconds kWaitForPlace{50};
// A process whose connection broke has ended, as a rule, and that is known by then.
constexpr milliseconds kWaitForEnd{500};
constexpr char kTargetVariant[] = "X-Amzn-SageMaker-Target-Variant";
constexpr char kTargetModel[] = "X-Amzn-SageMaker-Target-Model";
constexpr char kTooSlow[] =
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each "
    "container in Amazon CloudWatch, resolve the issue, and try again.";
constexpr int kNotLoaded = 404;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

}  // namespace

// At once or not at all.
std::optional<HostedEndpoint::Place> HostedEndpoint::try_place(const RoutingPointer& routing, const Asked& asked,
                                                               const std::optional<Spent>& spent) {
  if (!routing) return std::nullopt;
  Place place{.choice = routing->choose(asked.variant)};
  place.lease = Routing::lease_anywhere(place.choice, asked.variant.has_value(), spent);
  if (!place.lease) return std::nullopt;
  return place;
}

HostedEndpoint::Place HostedEndpoint::find_place(const Asked& asked, const std::optional<Spent>& spent) {
  const RoutingPointer now = routing();
  if (!now && !returns_) throw endpoint_not_found(account_, name_);
  if (std::optional<Place> place = try_place(now, asked, spent)) return std::move(*place);
  // It sleeps, or all its processes are being started again.
  struct Waiting {
    std::atomic<int>& count;
    explicit Waiting(std::atomic<int>& waiting) : count(waiting) { ++count; }
    ~Waiting() { --count; }
  } waiting(waiting_);
  const unsigned failed_wakes = failed_wakes_;
  const Clock::time_point latest = asked.begun + kWaitForPlace;
  if (asleep_) house_.bell->ring();
  std::optional<Place> place;
  const auto settled = [&] {
    if (stopping_ || failed_wakes_ != failed_wakes || has_failed()) return true;
    place = try_place(routing(), asked, spent);
    return place.has_value();
  };
  house_.bell->wait_until(latest, settled);
  if (place) return std::move(*place);
  throw Error(Kind::unavailable, kServiceUnavailable,
              text("The endpoint ", name_, " has no instance that answers now. ", state().failure));
}

bool HostedEndpoint::has_gone(const Spent& spent) const {
  return house_.bell->wait_until(Clock::now() + kWaitForEnd,
                                 [&] { return !spent.process->is_ready() || spent.process->start() != spent.start; });
}

Response HostedEndpoint::ask_instance(const Asked& asked, const Place& place) const {
  const Lease& lease = place.lease;
  const Instance& instance = *lease.instance();
  const auto post = [&](std::string_view target) {
    return forward(lease.client(),
                   {.method = "POST", .target = target, .headers = &asked.request.headers, .body = asked.request.body},
                   std::chrono::ceil<milliseconds>(asked.begun + kLongest - Clock::now()));
  };
  if (!instance.models) return post(instance.target);
  const std::string_view model = find_header(asked.request.headers, kTargetModel).value_or("");
  Response response = post(instance.models->load(lease.client(), lease.start(), model));
  if (response.status != kNotLoaded) return response;
  instance.models->forget(model);
  return post(instance.models->load(lease.client(), lease.start(), model));
}

// Once more on another instance, where a process ended before it answered.
Response HostedEndpoint::ask(const Asked& asked, Place& place) {
  try {
    return ask_instance(asked, place);
  } catch (const Error& error) {
    if (error.code() != kBroken) throw;
    const InstancePointer instance = place.lease.instance();
    const Spent spent{instance->process.get(), place.lease.start()};
    place.lease = {};
    if (!has_gone(spent)) throw;
    place = find_place(asked, spent);
    return ask_instance(asked, place);
  }
}

Response HostedEndpoint::invoke(const Request& request) {
  const Asked asked{.request = request, .variant = find_header(request.headers, kTargetVariant), .begun = Clock::now()};
  last_use_ = asked.begun.time_since_epoch().count();
  Place place = find_place(asked, std::nullopt);
  const Clock::time_point sent = Clock::now();
  Response response;
  std::string problem;
  try {
    response = ask(asked, place);
  } catch (const Error& error) {
    if (error.code() != kBroken && error.code() != kTimedOut && error.code() != kBadAnswer) throw;
    response.status = 0;
    problem = error.code() == kTimedOut ? kTooSlow : error.what();
  }
  const double model_time = microseconds_since(sent);
  place.lease = {};
  last_use_ = Clock::now().time_since_epoch().count();
  const FleetVariant& variant = *place.choice.variant;
  const EndpointSpec& spec = place.choice.fleet->spec();
  const int status = response.status;
  const bool well = status >= 200 && status < 300;
  if (well && spec.capture) house_.capture.add(spec, variant.spec.name, *spec.capture, request, response);
  if (!well) response = model_error({account_, region_, name_}, status, status ? response.body : problem);
  response.headers.emplace_back("x-Amzn-Invoked-Production-Variant", variant.spec.name);
  house_.observations.add({.account = account_,
                           .endpoint = name_,
                           .variant = variant.spec.name,
                           .status = status,
                           .instances = variant.instances.size(),
                           .model_microseconds = model_time,
                           .overhead_microseconds = microseconds_since(asked.begun) - model_time});
  return response;
}

}  // namespace graft
