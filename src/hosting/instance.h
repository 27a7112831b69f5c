// One of a variant's instances: a place at a serving process, and the requests that are there now.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hosting/bell.h"
#include "hosting/model_cache.h"
#include "hosting/serving_process.h"

namespace graft {

class MultiModel;

struct Instance {
  std::string id{};  // "i-0f3a..."
  std::shared_ptr<ServingProcess> process{};
  std::string target = "/invocations";  // what requests are sent to
  std::string probe{};                  // answered by 200 when `target` is there; empty: it is when the process is
  CachedModelPointer model{};
  std::shared_ptr<MultiModel> models{};  // where each request names one
  // Called once, when the last request is answered, where others may have the process too: ends it unless they do.
  std::function<void()> leave{};

  std::atomic<int> in_flight = 0;
  std::atomic<bool> retired = false;
};
using InstancePointer = std::shared_ptr<Instance>;

// A request's place at an instance.
class Lease {
 public:
  Lease() = default;
  // Empty where the instance takes no more requests or its process is not ready.
  static Lease of(const InstancePointer& instance) {
    Lease lease;
    // Counted before it is looked whether it is retired: who retires it looks at the count behind that.
    ++instance->in_flight;
    lease.instance_ = instance;
    // The start before the client: of two starts it is then the one that is known to have ended.
    lease.start_ = instance->process->start();
    lease.client_ = instance->process->client();
    if (instance->retired || !lease.client_ || !instance->process->is_ready()) lease.give_back();
    return lease;
  }
  Lease(Lease&& other) noexcept
      : instance_(std::move(other.instance_)), client_(std::move(other.client_)), start_(other.start_) {}
  Lease& operator=(Lease&& other) noexcept {
    give_back();
    instance_ = std::move(other.instance_);
    client_ = std::move(other.client_);
    start_ = other.start_;
    return *this;
  }
  ~Lease() { give_back(); }

  explicit operator bool() const { return instance_ != nullptr; }
  const InstancePointer& instance() const { return instance_; }
  ClientPool& client() const { return *client_; }
  unsigned start() const { return start_; }

 private:
  void give_back() {
    if (instance_) --instance_->in_flight;
    instance_ = nullptr;
  }
  InstancePointer instance_{};
  std::shared_ptr<ClientPool> client_{};
  unsigned start_ = 0;
};

// Instances whose time is over: each ends when its last request is answered, on a thread of its own.
class Retirement {
 public:
  explicit Retirement(std::shared_ptr<Bell> bell);
  // Ends all at once.
  ~Retirement();
  void retire(const std::vector<InstancePointer>& instances);

 private:
  struct Leaving {
    InstancePointer instance{};
    std::chrono::steady_clock::time_point latest{};  // for its requests
    bool told = false;
  };
  void run();
  static bool is_over(Leaving& leaving, bool at_once);

  const std::shared_ptr<Bell> bell_;
  std::mutex mutex_;
  std::vector<Leaving> leaving_;  // guarded by mutex_
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace graft
