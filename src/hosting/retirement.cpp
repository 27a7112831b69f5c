#include "base/log.h"
#include "hosting/instance.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{20};
// A request is answered within a minute, or told that it was not.
constexpr std::chrono::seconds kLongestRequest{75};
constexpr std::chrono::hours kIdle{1};

}  // namespace

Retirement::Retirement(std::shared_ptr<Bell> bell) : bell_(std::move(bell)), thread_([this] { run(); }) {}

Retirement::~Retirement() {
  ending_ = true;
  bell_->ring();
  thread_.join();
}

void Retirement::retire(const std::vector<InstancePointer>& instances) {
  if (instances.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (const InstancePointer& instance : instances) {
      instance->retired = true;
      leaving_.push_back({instance, Clock::now() + kLongestRequest});
    }
  }
  bell_->ring();
}

// A step on its way out; true at the end of it.
bool Retirement::is_over(Leaving& leaving, bool at_once) {
  Instance& instance = *leaving.instance;
  if (instance.in_flight > 0 && !at_once && Clock::now() < leaving.latest) return false;
  if (!leaving.told) {
    leaving.told = true;
    instance.leave ? instance.leave() : instance.process->request_stop();
  }
  if (!instance.process->is_stopping()) return true;  // others have it
  const ServingProcess::Phase phase = instance.process->phase();
  return phase == ServingProcess::Phase::stopped || phase == ServingProcess::Phase::failed;
}

void Retirement::run() {
  for (;;) {
    bool empty = true;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(leaving_, [&](Leaving& leaving) { return is_over(leaving, ending_); });
      empty = leaving_.empty();
    }
    if (ending_ && empty) return;
    const auto something = [&] {
      const std::lock_guard lock(mutex_);
      return ending_ || (empty && !leaving_.empty());
    };
    if (empty) {
      bell_->wait_until(Clock::now() + kIdle, something);
    } else {
      std::this_thread::sleep_for(kLook);
    }
  }
}

}  // namespace graft
