// One endpoint: a thread that brings it to what it is wished to be, and the way of requests through it meanwhile.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hosting/capture.h"
#include "hosting/launcher.h"
#include "hosting/observations.h"
#include "hosting/routing.h"

namespace graft {

// What all endpoints share; it outlives them.
struct House {
  const HostingOptions& options;
  const HostingListener& listener;
  std::shared_ptr<Bell> bell;
  Launcher& launcher;
  Retirement& retirement;
  Capture& capture;
  Observations& observations;
};

class HostedEndpoint {
 public:
  HostedEndpoint(House& house, EndpointSpec spec);
  // stop(), and waits for that.
  ~HostedEndpoint();
  HostedEndpoint(const HostedEndpoint&) = delete;
  HostedEndpoint& operator=(const HostedEndpoint&) = delete;

  // All return at once, but stop() for news that are being told: behind it there are none.
  void apply(EndpointSpec spec);
  void stop();
  bool has_stopped() const { return stopped_; }
  EndpointState state() const;

  Response invoke(const Request& request);

 private:
  using Clock = std::chrono::steady_clock;
  struct Stopped {};     // thrown when stop() was called meanwhile
  struct Superseded {};  // thrown when apply() was, and what was waited for need not come any more

  // Of the thread.
  void work();
  void deploy(EndpointSpec spec);
  std::vector<FleetVariant> prepare(const EndpointSpec& spec, const FleetPointer& before);
  FleetVariant prepare_patiently(const EndpointSpec& spec, const VariantSpec& variant);
  void launch(const EndpointSpec& spec, std::vector<FleetVariant>& variants, const FleetPointer& before,
              std::vector<InstancePointer>& launched);
  void wait_until_ready(const std::vector<InstancePointer>& instances);
  bool is_ready(const Instance& instance) const;
  bool is_superseded() const;
  void give_way() const;  // throws Stopped or Superseded where it is time
  void shift(const FleetPointer& before, const FleetPointer& after);
  void bake(const EndpointSpec& spec, double seconds, Clock::time_point latest);
  void fall_asleep();
  void wake();
  bool is_idle() const;
  void pause_until(Clock::time_point time);

  void route(FleetPointer fleet, FleetPointer next = nullptr, int percent = 0);
  void set(EndpointState::Status status, const std::string& failure);
  void tell();

  // Of invoke().
  struct Place {
    Routing::Choice choice{};
    Lease lease{};
  };
  struct Asked {
    const Request& request;
    std::optional<std::string_view> variant{};
    Clock::time_point begun{};
  };
  RoutingPointer routing() const;
  bool has_failed() const;  // before it served anything
  Place find_place(const Asked& asked, const std::optional<Spent>& spent);
  std::optional<Place> try_place(const RoutingPointer& routing, const Asked& asked, const std::optional<Spent>& spent);
  Response ask(const Asked& asked, Place& place);
  Response ask_instance(const Asked& asked, const Place& place) const;
  bool has_gone(const Spent& spent) const;

  House& house_;
  const std::string account_, region_, name_;
  const bool returns_;
  mutable std::mutex mutex_;
  RoutingPointer routing_;  // guarded by mutex_; null before the first deployment
  EndpointSpec wanted_;     // the last wish; guarded by mutex_
  EndpointState::Status status_ = EndpointState::Status::creating;  // guarded by mutex_
  std::string failure_;                                             // guarded by mutex_
  std::deque<EndpointSpec> wishes_;                                 // to be deployed; guarded by mutex_
  std::mutex telling_;
  bool told_ = true;  // the last news; of the thread
  std::atomic<bool> stopping_ = false, stopped_ = false, asleep_ = false;
  std::atomic<int> waiting_ = 0;  // requests for an instance
  std::atomic<unsigned> failed_wakes_ = 0;
  std::atomic<Clock::rep> last_use_;
  std::thread thread_;
};

}  // namespace graft
