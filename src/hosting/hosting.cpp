#include "hosting/hosting.h"

#include <algorithm>
#include <map>
#include <shared_mutex>

#include "base/confinement.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "hosting/hosted_endpoint.h"
#include "hosting/runtime_answer.h"

namespace graft {

using EndpointPointer = std::shared_ptr<HostedEndpoint>;
using EndpointKey = std::pair<std::string, std::string>;  // account, name

// In the order in which each uses those before it.
struct Hosting::State {
  State(HostingOptions given, HostingListener heard)
      : options(std::move(given)),
        listener(std::move(heard)),
        launcher(options, listener, bell),
        observations(listener.metric),
        capture({.s3 = options.s3,
                 .dropped =
                     [this](const std::string& account, const std::string& endpoint, const std::string& variant,
                            std::uint64_t count) {
                       observations.add(
                           {.account = account, .endpoint = endpoint, .variant = variant, .captures_dropped = count});
                     }}),
        retirement(bell) {}

  EndpointPointer find(const std::string& account, const std::string& endpoint) const {
    const std::shared_lock lock(mutex);
    const auto found = endpoints.find({account, endpoint});
    return found == endpoints.end() ? nullptr : found->second;
  }
  // Those that were removed and have come to their end. REQUIRES: the lock.
  void forget_stopped() {
    std::erase_if(leaving, [](const EndpointPointer& each) { return each->has_stopped(); });
  }

  const HostingOptions options;
  const HostingListener listener;
  const std::shared_ptr<Bell> bell = std::make_shared<Bell>();
  Launcher launcher;
  Observations observations;
  Capture capture;
  Retirement retirement;
  House house{options, listener, bell, launcher, retirement, capture, observations};
  mutable std::shared_mutex mutex;
  std::map<EndpointKey, EndpointPointer> endpoints;  // guarded by mutex
  std::vector<EndpointPointer> leaving;              // guarded by mutex
};

Hosting::Hosting(HostingOptions options, HostingListener listener) {
  make_folder(options.folder);
  if (!options.hidden.empty() && !can_confine()) {
    spdlog::warn("the kernel has no Landlock: nothing but graft itself keeps a model that it serves from {}",
                 options.hidden.string());
  }
  state_ = std::make_unique<State>(std::move(options), std::move(listener));
}

Hosting::~Hosting() {
  // All at once, so that they end at the same time.
  for (const auto& [key, endpoint] : state_->endpoints) endpoint->stop();
  state_->endpoints.clear();
  state_->leaving.clear();
}

void Hosting::apply(const EndpointSpec& spec) {
  require(!spec.variants.empty(), "the endpoint ", spec.name, " has no variants");
  const std::unique_lock lock(state_->mutex);
  state_->forget_stopped();
  const auto found = state_->endpoints.find({spec.account, spec.name});
  if (found != state_->endpoints.end()) return found->second->apply(spec);
  state_->endpoints.emplace(EndpointKey{spec.account, spec.name},
                            std::make_shared<HostedEndpoint>(state_->house, spec));
}

void Hosting::remove(const std::string& account, const std::string& endpoint) {
  EndpointPointer removed;
  {
    const std::unique_lock lock(state_->mutex);
    state_->forget_stopped();
    const auto found = state_->endpoints.find({account, endpoint});
    if (found == state_->endpoints.end()) return;
    removed = found->second;
    state_->leaving.push_back(removed);
    state_->endpoints.erase(found);
  }
  removed->stop();
}

std::optional<EndpointState> Hosting::state(const std::string& account, const std::string& endpoint) const {
  const EndpointPointer found = state_->find(account, endpoint);
  if (!found) return std::nullopt;
  return found->state();
}

Response Hosting::invoke(const std::string& account, const std::string& endpoint, const Request& request) {
  try {
    const EndpointPointer found = state_->find(account, endpoint);
    if (!found) throw endpoint_not_found(account, endpoint);
    return found->invoke(request);
  } catch (const Error& error) {
    if (error.kind() == Kind::internal) spdlog::error("invoking {}: {}", endpoint, error.what());
    return runtime_answer(error);
  }
}

}  // namespace graft
